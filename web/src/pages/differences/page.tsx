import { useEffect, useRef, useState } from "preact/hooks";
import type { DifferenceGroup, Differences } from "../../api/types";
import { count, percent, several } from "../../format";
import { navigate, paths, place, setQuery } from "../../state/location";
import { migrations } from "../../state/migrations";
import { usePageStore, useStore, valueOf } from "../../state/store";
import { rangeOf } from "../../state/time_range";
import { Empty, Loaded, PageHead, Panel, Sparkline, TableScroll } from "../../ui/parts";
import { TimeRangeChoice } from "../../ui/time_range";
import { Examples } from "./examples";
import { RuleEditor } from "./rule";
import { type Chosen, DifferencesStore, type Ignored, trendKey } from "./store";
import { dimensionWords, explanationTitle, explanationWords } from "./words";

function chosenIn(query: URLSearchParams): Chosen | null {
  const path = query.get("path");
  return path === null ? null : { route: query.get("route") ?? "", path, dimension: query.get("dimension") ?? "", explanation: query.get("explanation") ?? "" };
}

function same(group: DifferenceGroup, chosen: Chosen | null): boolean {
  return chosen !== null && group.path === chosen.path && (group.route ?? "") === chosen.route && group.dimension === chosen.dimension && group.explanation === chosen.explanation;
}

function ExplanationTag(props: { name: string }) {
  return <span class={`tag ${props.name === "none" ? "fail" : "accent"}`}>{explanationTitle(props.name)}</span>;
}

function GroupList(props: { differences: Differences; store: DifferencesStore }) {
  const { differences, store } = props;
  const { chosen } = store.state;
  const trends = valueOf(store.state.trends);
  const choose = (group: DifferenceGroup) => setQuery({ route: group.route ?? "", path: group.path, dimension: group.dimension, explanation: group.explanation });
  return <TableScroll label="Groups of differences"><table class="data groups stacking"><thead><tr><th class="number">Count</th><th>Place</th><th>Explanation</th><th>Over time</th></tr></thead>
    <tbody>{differences.groups.map((group) => <tr key={trendKey(group)} class="can" aria-selected={same(group, chosen)}>
      <td class="number"><strong>{count(group.count)}</strong><div class="muted small">{percent(group.share * 100)}</div></td>
      <td class="wrap"><button type="button" class="link mono" aria-pressed={same(group, chosen)} onClick={() => choose(group)}>{group.path}</button>
        <div class="muted">{[group.route, dimensionWords(group.dimension)].filter(Boolean).join(" · ")}</div></td>
      <td><ExplanationTag name={group.explanation} />{group.noise && <div class="small muted">{group.noise.more_than_noise ? "more than control's own noise" : "control differs from itself here"}</div>}</td>
      <td>{trends ? <Sparkline values={(trends.get(trendKey(group)) ?? []).map((value) => value ?? 0)} label={`Trend of ${group.path}`} color={group.explanation === "none" ? "var(--fail)" : "var(--accent)"} /> : null}</td>
    </tr>)}</tbody></table></TableScroll>;
}

function Detail(props: { store: DifferencesStore; group: DifferenceGroup | undefined; chosen: Chosen; added: () => void }) {
  const { store, group, chosen } = props;
  const head = useRef<HTMLDivElement>(null);
  useEffect(() => { if (matchMedia("(max-width: 999px)").matches) head.current?.scrollIntoView({ block: "start" }); }, [chosen.path, chosen.explanation, chosen.route]);
  return <div class="stack detail" ref={head}>
    <Panel title={<span class="mono wrap">{chosen.path}</span>} hint={group?.text ?? [chosen.route, dimensionWords(chosen.dimension)].filter(Boolean).join(" · ")}
      actions={<button type="button" class="button small" onClick={() => setQuery({ route: undefined, path: undefined, dimension: undefined, explanation: undefined })}>Close</button>}>
      <div class="stack"><p><ExplanationTag name={chosen.explanation} /> {explanationWords(chosen.explanation)}</p></div>
    </Panel>
    <Panel title="Both answers, side by side" flush>
      <Loaded of={store.state.examples} height={180} what="examples" again={() => store.refresh()}>{(value) => (value.examples ?? []).length === 0
        ? <Empty title="No example in this time" /> : <Examples examples={value.examples ?? []} />}</Loaded>
    </Panel>
    {group && <Panel title="Accept it"><RuleEditor store={store} group={group} added={props.added} /></Panel>}
  </div>;
}

/** The rules and how often each was needed, where this server can know it. */
function RulesInForce(props: { rules: Differences["rules"]; ignored: Ignored | undefined }) {
  const { rules, ignored } = props, known = rules.filter((one) => typeof one.hits === "number").length;
  return <Panel title="Rules in force" flush hint={known === rules.length
    ? "How often each was needed. One that is never needed can go; one that is needed everywhere may be too wide."
    : <>How often each was needed is counted in the client library, not here.{ignored && <> In this time <strong>{count(ignored.ignored)}</strong> of {count(ignored.compared)} compared answers differed, and only in what the rules accept.</>}</>}>
    <TableScroll label="Rules"><table class="data"><thead><tr><th>Rule</th>{known > 0 && <th class="number">Hits</th>}</tr></thead><tbody>{rules.map((rule, at) => <tr key={at}>
      <td class="mono wrap">{typeof rule.rule === "string" ? rule.rule : JSON.stringify(rule)}</td>
      {known > 0 && <td class="number">{typeof rule.hits === "number" ? count(rule.hits) : <span class="muted">not counted here</span>}</td>}</tr>)}</tbody></table></TableScroll>
  </Panel>;
}

/** Which migration, when there are several. */
function MigrationChoice(props: { migration: string }) {
  const { list } = useStore(migrations);
  const names = valueOf(list)?.map((one) => one.name) ?? [];
  if (names.length < 2) return null;
  return <label class="row small"><span class="muted">Migration</span><select class="input fitting" value={props.migration} onChange={(event) => navigate(paths.differences(event.currentTarget.value))}>
    {[...new Set([props.migration, ...names])].map((name) => <option key={name}>{name}</option>)}</select></label>;
}

export function DifferencesPage(props: { migration: string }) {
  const store = usePageStore(() => new DifferencesStore(props.migration), [props.migration]);
  const { query } = useStore(place);
  const range = rangeOf(query), chosen = chosenIn(query);
  const [added, setAdded] = useState(false);
  useEffect(() => migrations.choose(props.migration), [props.migration]);
  useEffect(() => store.look(range, chosen), [store, JSON.stringify([range, chosen])]);
  const value = valueOf(store.state.groups);
  return <>
    <PageHead title="Differences" lead={<>Where the answers of <strong>{props.migration}</strong>’s two services disagree, and why.</>}><MigrationChoice migration={props.migration} /><TimeRangeChoice range={range} auto="Evidence window" /></PageHead>
    {added && <p class="advice" role="status">The rule is in force. Only comparisons from now on follow it; groups counted before stay in longer times.</p>}
    <div class="grid">
      <div class={chosen ? "list-side" : ""}><Panel title="Groups" flush
        hint={value ? `${several(value.total, "difference")} in ${several(value.groups_found, "group")}${value.window_reason ? `, ${value.window_reason}` : ""}${value.fallback ? ` (${value.fallback})` : ""}` : undefined}>
        <Loaded of={store.state.groups} height={260} what="differences" again={() => store.refresh()}>{(all) => all.groups.length === 0
          ? <Empty title="No differences in this time">Answers are compared for requests in full_evaluation and reverse_evaluation. {range.last === "7d" ? null : <button type="button" class="link" onClick={() => setQuery({ last: range.last === "24h" ? "7d" : "24h", from: undefined, to: undefined })}>Look at the last {range.last === "24h" ? "7 days" : "24 hours"}</button>}</Empty>
          : <GroupList differences={all} store={store} />}</Loaded>
      </Panel>
      {value && value.rules.length > 0 && <div class="below"><RulesInForce rules={value.rules} ignored={valueOf(store.state.ignored)} /></div>}</div>
      {chosen && <div class="detail-side"><Detail store={store} group={store.group()} chosen={chosen} added={() => { setAdded(true); store.refresh(); store.loadInForce(); }} /></div>}
    </div>
  </>;
}
