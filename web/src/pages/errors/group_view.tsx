import { useEffect } from "preact/hooks";
import type { EventRow } from "../../api/types";
import { inModeOrder } from "../../charts/grid";
import { LineChart } from "../../charts/lines";
import { ago, compact, count, duration, moment, percent, several, timeOf } from "../../format";
import { isMode, modeColor } from "../../modes";
import { paths } from "../../state/location";
import { usePageStore } from "../../state/store";
import type { TimeRange } from "../../state/time_range";
import { EventFields } from "../../ui/event_fields";
import { Empty, Loaded, ModeName, NotAll, PageHead, Panel, TableScroll } from "../../ui/parts";
import { TimeRangeChoice, zoomInto } from "../../ui/time_range";
import { type ErrorGroup, groupFilters, groupHref, type Narrowed, narrowedFilters, openEvent } from "./group";
import { ErrorGroupStore, type GroupStory, type Rate, type Request } from "./group_store";

function Facts(props: { story: GroupStory }) {
  const { story } = props;
  const lasted_ms = Math.max(1000, story.last_ms - story.first_ms);
  return <dl class="facts panel">
    <div><dt>Errors</dt><dd>{count(story.count)}</dd></div>
    <div><dt>First seen</dt><dd>{moment(story.first_ms)}</dd><dd class="muted">{ago(story.first_ms)}</dd></div>
    <div><dt>Last seen</dt><dd>{moment(story.last_ms)}</dd><dd class="muted">{ago(story.last_ms)}</dd></div>
    <div><dt>Lasted</dt><dd>{duration(lasted_ms)}</dd>{lasted_ms >= 60_000 && <dd class="muted">{compact(story.count / (lasted_ms / 60_000))} a minute</dd>}</div>
  </dl>;
}

function Trend(props: { story: GroupStory; title: string }) {
  const { grid, markers } = props.story;
  const lines = inModeOrder(grid.groups).map((group) => ({ label: group.label, color: isMode(group.label) ? group.color : "var(--line-strong)", values: (group.values["COUNT"] ?? []).map((value) => value ?? 0) }));
  return <Panel title="Over time, by mode" hint="Deploys and changes of flags stand above; drag to look at a part of the time.">
    <LineChart label={`${props.title} over time by mode`} times={grid.times} granularity_s={grid.granularity_s} lines={lines} unit="count" stacked height={170} markers={markers} zoom={zoomInto} />
  </Panel>;
}

/** Errors beside the calls that could have failed so. */
function Rates(props: { title: string; hint: string; what: string; rates: readonly Rate[] }) {
  const most = Math.max(...props.rates.map((one) => (one.of ? one.errors / one.of : 0)), 1e-9);
  const known = props.rates.some((one) => one.of !== undefined);
  return <Panel class="half" title={props.title} hint={props.hint} flush>
    <TableScroll label={props.title}><table class="data rates"><thead><tr><th>{props.what}</th><th class="number">Errors</th>{known && <><th class="number">Calls</th><th class="number">Share</th><th aria-hidden="true" /></>}</tr></thead><tbody>
      {props.rates.map((one) => <tr key={one.name}>
        <td class="wrap">{isMode(one.name) ? <ModeName mode={one.name} /> : one.name}</td>
        <td class="number">{count(one.errors)}</td>
        {known && <><td class="number muted">{one.of === undefined ? "–" : count(one.of)}</td>
          <td class="number">{one.of ? percent((one.errors / one.of) * 100) : "–"}</td>
          <td class="rate-bar" aria-hidden="true"><div class="bar">{one.of && one.errors > 0 ? <span style={{ width: `${(one.errors / one.of / most) * 100}%`, background: isMode(one.name) ? modeColor(one.name) : "var(--fail)" }} /> : null}</div></td></>}
      </tr>)}
    </tbody></table></TableScroll>
  </Panel>;
}

function Messages(props: { messages: readonly { message: string; count: number }[] }) {
  return <Panel class="half" title="Messages" hint="The most frequent ones" flush><TableScroll label="Messages"><table class="data"><tbody>
    {props.messages.map((one) => <tr key={one.message}><td class="number">{count(one.count)}</td><td class="wrap">{one.message}</td></tr>)}
  </tbody></table></TableScroll></Panel>;
}

function idOf(event: EventRow): string { const id = event.data["evaluation.id"]; return typeof id === "string" ? id : ""; }

function Occurrences(props: { group: ErrorGroup; story: GroupStory; opened: string }) {
  const { events, more } = props.story;
  return <Panel class="third" title="Newest" hint={more ? `The newest ${count(events.length)}` : several(events.length, "error")} flush>
    <ul class="occurrences" aria-label="Newest errors">{events.map((event) => {
      const id = idOf(event), mode = event.data["evaluation.mode"];
      return <li key={`${event.time}${id}`}><button type="button" aria-pressed={id !== "" && id === props.opened} disabled={id === ""} onClick={() => openEvent(props.group, id)}>
        <span class="nowrap">{moment(timeOf(event.time))}</span>{isMode(mode) && <span class="swatch" style={{ background: modeColor(mode) }} title={mode} />}
        <span class="message">{String(event.data["exception.message"] ?? "")}</span>
      </button></li>;
    })}</ul>
  </Panel>;
}

const shownAlone = ["exception.message", "exception.stacktrace", "exception.type"];

function OneError(props: { request: Request }) {
  const { error, evaluation, differences } = props.request;
  if (!error) return <Empty title="This error is not in this time">It may be older than what is looked at; choose more time above.</Empty>;
  const stack = error.data["exception.stacktrace"], trace = evaluation?.data["trace.trace_id"] ?? error.data["trace.trace_id"], id = idOf(error);
  return <div class="stack one-error">
    <p class="error-message wrap">{String(error.data["exception.message"] ?? "no message")}</p>
    <p class="row muted small"><span class="mono">{error.time}</span>
      {typeof trace === "string" && <a href={paths.trace(trace)}>Its trace</a>}
      <a href={paths.explore("evaluations", { filters: [{ column: "evaluation.id", op: "=", value: id }] }, "raw")}>Its request in Explore</a>
      {differences > 0 && <span>{several(differences, "difference")} in the same request</span>}</p>
    {typeof stack === "string" ? <div><h3>Stack</h3><pre class="stack-trace" tabIndex={0} aria-label="Stack">{stack}</pre></div>
      : <p class="muted small">No stack came with it: it was seen from outside, by the answer or the connection.</p>}
    <div><h3>The error</h3><EventFields fields={error.data} without={shownAlone} /></div>
    <div><h3>Its request</h3>{evaluation ? <EventFields fields={evaluation.data} /> : <p class="muted">The evaluation it belongs to is not stored.</p>}</div>
  </div>;
}

export function GroupView(props: { group: ErrorGroup; range: TimeRange; narrowed: Narrowed; event: string | undefined }) {
  const { group, range, narrowed } = props;
  const store = usePageStore(() => new ErrorGroupStore(group, range, narrowed), []);
  useEffect(() => store.look(range, narrowed), [store, JSON.stringify([range, narrowed])]);
  const { story, request } = store.state;
  const newest = story.kind === "ready" ? story.value.events.map(idOf).find((id) => id !== "") : undefined;
  const opened = props.event ?? newest ?? "";
  useEffect(() => { if (opened !== "") store.open(opened); }, [store, opened]);
  const title = group.type ?? "(no class)";
  const filters = [...groupFilters(group), ...narrowedFilters({ ...narrowed, side: "", route: "" })];
  return <>
    <p class="back"><a href={groupHref(undefined)}>← All errors</a></p>
    <PageHead title={title} lead={<>
      {group.side === "none" ? "in the program that compares" : <>of the <strong>{group.side ?? "unknown side"}</strong></>}{group.route && <> on route <strong>{group.route}</strong></>}{group.where && <> at <strong>{group.where}</strong></>}
      {narrowed.mode !== "" && <>, only <ModeName mode={narrowed.mode} /></>}</>}>
      <a class="button" href={paths.explore("errors", { breakdowns: ["evaluation.mode"], calculations: [{ op: "COUNT" }], filters })}>Explore</a>
      <TimeRangeChoice range={range} />
    </PageHead>
    <Loaded of={story} height={420} what={title} again={() => void store.refresh()}>{(value) => value.count === 0
      ? <section class="panel"><Empty title="No such error in this time">Choose another time above, or go back to <a href={groupHref(undefined)}>all errors</a>.</Empty></section>
      : <div class="grid">
        <NotAll answer={value.answer} />
        <Facts story={value} />
        <Trend story={value} title={title} />
        <Rates title="By mode" what="Mode" hint={group.side === "control" || group.side === "candidate" ? `Beside the calls to ${group.side === "control" ? "control" : "the candidate"}${group.route ? " on this route" : ""}` : "Beside all evaluations"} rates={value.modes} />
        {value.versions ? <Rates title="By version" what={value.versions.column} hint="As the events say it" rates={value.versions.rates} />
          : value.deploys.length > 0 ? <Rates title="By deploy" what="Time" hint="Between the deploy markers, the oldest first" rates={value.deploys} />
          : <Panel class="half" title="By deploy" hint="Which version brought it"><Empty title="No deploy in this time">Add a <a href={paths.markers()}>marker</a> when you deploy, and this shows errors before and after.</Empty></Panel>}
        {value.versions && value.deploys.length > 0 && <Rates title="By deploy" what="Time" hint="Between the deploy markers, the oldest first" rates={value.deploys} />}
        {value.messages.length > 1 && <Messages messages={value.messages} />}
        <Occurrences group={group} story={value} opened={opened} />
        <Panel class="two-thirds" title="One error" hint={opened === "" ? "" : <span class="mono">{opened}</span>}>
          {opened === "" ? <Empty title="These errors belong to no evaluation" /> : <Loaded of={request} height={260} what="the error">{(one) => <OneError request={one} />}</Loaded>}
        </Panel>
      </div>}</Loaded>
  </>;
}
