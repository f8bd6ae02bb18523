import { useEffect } from "preact/hooks";
import { LineChart } from "../../charts/lines";
import { ago, count, moment, several } from "../../format";
import { isMode, modeColor } from "../../modes";
import { navigate, paths, place, setQuery } from "../../state/location";
import { type Remote, usePageStore, useStore, valueOf } from "../../state/store";
import type { TimeRange } from "../../state/time_range";
import { Empty, Loaded, NotAll, PageHead, Panel, Segmented, Sparkline, TableScroll } from "../../ui/parts";
import { TimeRangeChoice, zoomInto } from "../../ui/time_range";
import { groupHref, type Narrowed } from "./group";
import { type Choices, type ErrorList, ErrorListStore, linesByType, type ListedGroup } from "./list_store";

const words: Record<keyof Narrowed, { label: string; all: string }> = {
  migration: { label: "Migration", all: "all migrations" },
  side: { label: "Side", all: "both sides" },
  mode: { label: "Mode", all: "all modes" },
  route: { label: "Route", all: "all routes" },
};

/** One list per thing the errors can be narrowed to; what has a single value needs no choice. */
function NarrowBy(props: { narrowed: Narrowed; choices: Remote<Choices> }) {
  const choices = valueOf(props.choices);
  const shown = (Object.keys(words) as (keyof Narrowed)[]).filter((name) => props.narrowed[name] !== "" || (choices?.[name].length ?? 0) > 1);
  const any = Object.values(props.narrowed).some((value) => value !== "");
  if (shown.length === 0) return null;
  return <div class="narrow" role="group" aria-label="Show only">
    {shown.map((name) => {
      const value = props.narrowed[name], values = choices?.[name] ?? [];
      return <label key={name} class="field"><span>{words[name].label}</span>
        <select class="input" value={value} onChange={(event) => setQuery({ [name]: event.currentTarget.value })}>
          <option value="">{words[name].all}</option>
          {(values.includes(value) || value === "" ? values : [value, ...values]).map((one) => <option key={one} value={one}>{one}</option>)}
        </select></label>;
    })}
    {any && <button type="button" class="button plain" onClick={() => setQuery({ migration: undefined, side: undefined, mode: undefined, route: undefined })}>Show all</button>}
  </div>;
}

export function ModesOf(props: { modes: readonly { mode: string; count: number }[] }) {
  const sum = Math.max(1, props.modes.reduce((all, one) => all + one.count, 0));
  const text = props.modes.map((one) => `${one.mode || "no mode"} ${count(one.count)}`).join(", ");
  return <div class="modes-of" title={text} role="img" aria-label={text}>
    <div class="bar">{props.modes.map((one) => <span key={one.mode} style={{ width: `${(one.count / sum) * 100}%`, background: isMode(one.mode) ? modeColor(one.mode) : "var(--line-strong)" }} />)}</div>
  </div>;
}

function GroupRow(props: { group: ListedGroup }) {
  const { group } = props;
  return <tr class="can" onClick={(event) => { if (!(event.target instanceof Element && event.target.closest("a"))) navigate(groupHref(group)); }}>
    <td class="number"><strong>{count(group.count)}</strong></td>
    <td class="error-what wrap"><a href={groupHref(group)}>{group.type ?? "(no class)"}</a>
      <div class="muted">{[group.where && `at ${group.where}`, group.message].filter(Boolean).join(" · ")}</div></td>
    <td class="nowrap">{group.side ?? "–"}</td>
    <td class="nowrap">{group.route ?? "–"}</td>
    <td><Sparkline values={group.trend.map((value) => value ?? 0)} label={`Trend: ${several(group.count, "error")}, first ${moment(group.first_ms)}, last ${moment(group.last_ms)}`} color="var(--fail)" /></td>
    <td><ModesOf modes={group.modes} /></td>
    <td class="nowrap first" title={ago(group.first_ms)}>{moment(group.first_ms)}</td>
    <td class="nowrap last" title={moment(group.last_ms)}>{ago(group.last_ms)}</td>
  </tr>;
}

type Order = "count" | "last" | "first";
const orders: readonly { value: Order; text: string; title: string; by: (group: ListedGroup) => number }[] = [
  { value: "count", text: "Count", title: "The most frequent first", by: (group) => group.count },
  { value: "last", text: "Last seen", title: "The one that happened last first", by: (group) => group.last_ms },
  { value: "first", text: "First seen", title: "The one that was seen for the first time last first", by: (group) => group.first_ms },
];

function Groups(props: { list: ErrorList; order: string | null }) {
  const { list } = props, order = orders.find((one) => one.value === props.order) ?? orders[0];
  const groups = order ? [...list.groups].sort((a, b) => order.by(b) - order.by(a)) : list.groups;
  return <Panel title="Groups" flush hint={`${several(list.total, "error")} in ${several(list.groups.length, "group")} of class, place, side and route${list.answer.groups_cut ? "; the largest are shown" : ""}`}
    actions={list.groups.length > 1 && <Segmented label="Order" choices={orders} value={order?.value ?? "count"} choose={(value) => setQuery({ order: value === "count" ? undefined : value }, { replace: true })} />}>
    <TableScroll label="Groups of errors"><table class="data errors as-cards"><thead><tr>
      <th class="number">Count</th><th>Error</th><th>Side</th><th>Route</th><th>Trend</th><th>Modes</th><th>First seen</th><th>Last seen</th>
    </tr></thead><tbody>{groups.map((group) => <GroupRow key={group.key} group={group} />)}</tbody></table></TableScroll>
  </Panel>;
}

function NoErrors(props: { narrowed: boolean }) {
  return <section class="panel">{props.narrowed
    ? <Empty title="No errors like this in this time">Choose another side, mode, route or time.</Empty>
    : <Empty title="No errors in this time">A call that fails, and an answer with a status of 500 or above, is an error. Look at <a href={paths.explore("evaluations")}>all evaluations</a> instead, or at another time.</Empty>}</section>;
}

export function ListView(props: { range: TimeRange; narrowed: Narrowed }) {
  const { range, narrowed } = props;
  const store = usePageStore(() => { const made = new ErrorListStore(); made.set({ range, narrowed }); return made; }, []);
  useEffect(() => store.look(range, narrowed), [store, JSON.stringify([range, narrowed])]);
  const { list, choices } = store.state, order = useStore(place).query.get("order");
  const again = () => store.refresh();
  return <>
    <PageHead title="Errors" lead="What went wrong at either service, grouped by what it was and where."><TimeRangeChoice range={range} /></PageHead>
    <div class="stack page-stack">
      <NarrowBy narrowed={narrowed} choices={choices} />
      <Loaded of={list} height={420} what="the errors" again={again}>{(value) => value.groups.length === 0
        ? <NoErrors narrowed={Object.values(narrowed).some((one) => one !== "")} />
        : <div class="grid">
          <NotAll answer={value.answer} />
          <Panel title="Errors over time" hint="The largest classes on top of each other; drag to look at a part of the time.">
            <LineChart label="Errors over time by class" times={value.grid.times} granularity_s={value.grid.granularity_s} lines={linesByType(value)} unit="count" stacked height={180} markers={value.markers} zoom={zoomInto} />
          </Panel>
          <Groups list={value} order={order} />
        </div>}</Loaded>
    </div>
  </>;
}
