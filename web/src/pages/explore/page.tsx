import { useEffect, useRef, useState } from "preact/hooks";
import type { Scalar } from "../../api/json";
import type { Calculation, QuerySpec } from "../../api/types";
import { groupKey } from "../../charts/grid";
import { savePng, saveCsv } from "../../charts/export";
import { navigate, paths, place } from "../../state/location";
import { migrations } from "../../state/migrations";
import { type Remote, usePageStore, useStore, valueOf } from "../../state/store";
import { seconds, lasts, type TimeRange } from "../../state/time_range";
import { DownloadIcon, LinkIcon, PlusIcon } from "../../ui/icons";
import { Empty, Loaded, PageHead, Segmented } from "../../ui/parts";
import { TimeRangeChoice } from "../../ui/time_range";
import { AddToBoard } from "../boards/add_to_board";
import { BubbleUpPanel } from "./bubble_up";
import { Builder } from "./builder";
import { RawEvents } from "./raw_events";
import { ResultView } from "./result_view";
import { calculationKey, complete, hrefOf, questionOf, startingPoints, type View, views, withFilter } from "./spec";
import { ExploreStore } from "./store";

function timeIn(spec: QuerySpec): TimeRange {
  if (spec.start_time !== undefined && spec.end_time !== undefined) return { from: spec.start_time, to: spec.end_time };
  const last = lasts.find((one) => seconds(one) === spec.time_range);
  return last ? { last } : {};
}

/** What was there before a question that was refused, as it was. */
function settled<Value>(remote: Remote<Value>): Remote<Value> { return remote.kind === "failed" && remote.last !== undefined ? { kind: "ready", value: remote.last } : remote; }

function withoutTime(spec: QuerySpec): QuerySpec {
  const { start_time: _start, end_time: _end, time_range: _range, ...rest } = spec;
  return rest;
}

/** A heatmap needs a calculation of its own; the other views do without it. */
function forView(spec: QuerySpec, view: View): QuerySpec {
  const calculations = spec.calculations ?? [];
  if (view === "heatmap") {
    if (calculations.some((one) => one.op === "HEATMAP")) return spec;
    const column = calculations.find((one) => one.column !== undefined && one.op !== "COUNT_DISTINCT")?.column ?? "duration_ms";
    return { ...spec, calculations: [{ op: "HEATMAP", column }] };
  }
  if (view === "raw") return spec;
  const rest: Calculation[] = calculations.map((one) => (one.op === "HEATMAP" && one.column ? { op: "P99", column: one.column } : one));
  return { ...spec, calculations: rest };
}

/** With several migrations: whose events are counted, and how to look at one. */
function WhichMigrations(props: { spec: QuerySpec; known: boolean; filter: (column: string, value: Scalar, keep: boolean) => void }) {
  const { list } = useStore(migrations), column = "evaluation.migration";
  const names = valueOf(list)?.map((one) => one.name) ?? [];
  if (!props.known || names.length < 2 || [...(props.spec.filters ?? []).map((one) => one.column), ...(props.spec.breakdowns ?? [])].includes(column)) return null;
  return <p class="row small which"><span class="muted">All {names.length} migrations are counted. Only</span>{names.slice(0, 6).map((name) => <button type="button" key={name} class="link" onClick={() => props.filter(column, name, true)}>{name}</button>)}</p>;
}

export function ExplorePage(props: { dataset: string }) {
  const here = useStore(place);
  const question = questionOf(props.dataset, here.query);
  const store = usePageStore(() => new ExploreStore(question), [props.dataset]);
  useEffect(() => store.look(question), [store, here.href]);
  const results = useRef<HTMLDivElement>(null);
  const [copied, setCopied] = useState("");
  const [onBoard, setOnBoard] = useState(false);

  const { state } = store;
  const { spec, view } = state.question;
  const columns = valueOf(state.columns);
  const breakdowns = spec.breakdowns ?? [];
  const answered = valueOf(state.answered);
  const filter = (column: string, value: Scalar, keep: boolean) => store.run({ spec: withFilter(spec, column, value, keep), selection: null });
  const sort = (name: string) => {
    const calculation = (spec.calculations ?? [{ op: "COUNT" }]).find((one) => calculationKey(one) === name);
    const before = answered?.answer.query.orders?.[0];
    const was = before && (before.op ? calculationKey({ op: before.op, ...(before.column ? { column: before.column } : {}) }) : before.column) === name ? before.order : undefined;
    const order = was === "descending" ? "ascending" as const : "descending" as const;
    store.run({ spec: { ...spec, orders: [calculation && !calculation.name ? { op: calculation.op, ...(calculation.column ? { column: calculation.column } : {}), order } : { column: name, order }] } });
  };
  const asked: Remote<unknown> = view === "raw" ? state.events : state.answered;
  const current = asked.kind === "ready", older = asked.kind === "failed" && asked.last !== undefined;
  const copy = async (id: string) => {
    const url = location.origin + paths.result(id);
    try { await navigator.clipboard.writeText(url); setCopied("The link is copied."); } catch { navigate(paths.result(id)); }
    setTimeout(() => setCopied(""), 2500);
  };
  const csv = () => {
    if (!answered) return;
    const breakdowns = answered.answer.query.breakdowns ?? [];
    const names = [...new Set([...breakdowns, ...answered.answer.data.results.flatMap((one) => Object.keys(one.data))])];
    saveCsv(state.question.dataset, names, answered.answer.data.results.map((one) => one.data));
  };

  return <>
    <PageHead title="Explore" lead="Ask the events anything. Click a value to look at it alone; drag over a chart to look closer.">
      <TimeRangeChoice range={timeIn(spec)} choose={(last) => store.run({ spec: last === undefined ? withoutTime(spec) : { ...withoutTime(spec), time_range: seconds(last) ?? 3600 }, selection: null })} />
    </PageHead>
    {question.problem && <p class="problem" role="alert">{question.problem}</p>}
    <nav class="starting" aria-label="Starting points"><span class="muted small">Start from:</span>{startingPoints.map((one) => <a key={one.text} href={hrefOf(one.question)}>{one.text}</a>)}</nav>
    <WhichMigrations spec={spec} known={store.column("evaluation.migration") !== undefined} filter={filter} />
    <Builder store={store} go={navigate} />
    <div class="result-bar">
      <Segmented label="View" choices={views} value={view} choose={(next) => store.run({ spec: forView(spec, next), view: next })} />
      {view !== "raw" && <div class="row">
        {answered?.answer.id && <button type="button" class="button small" title="A link that shows these numbers later, too" disabled={!current} onClick={() => void copy(answered.answer.id ?? "")}><LinkIcon />Link to these numbers</button>}
        <button type="button" class="button small" onClick={() => setOnBoard(true)}><PlusIcon />Add to board</button>
        <button type="button" class="button small" disabled={!current || view === "heatmap"} onClick={csv}><DownloadIcon />CSV</button>
        <button type="button" class="button small" disabled={!current || view === "table"} onClick={() => { if (results.current) savePng(state.question.dataset, results.current); }}><DownloadIcon />PNG</button>
      </div>}
    </div>
    <div ref={results}>
      {asked.kind === "failed" && (!older
        ? <section class="panel"><Empty title="There is no answer to this question">What is wrong with it stands above.</Empty></section>
        : <p class="advice older-words" role="status">These numbers are older than the question: they answer the one before it.</p>)}
      {(current || asked.kind === "loading" || older) && <div class={older ? "older" : ""} inert={older}>
        {view === "raw" ? <Loaded of={settled(state.events)} height={360} what="events" again={() => store.run()}>{(answer) => <RawEvents answer={answer} dataset={state.question.dataset} columns={columns} filter={filter} />}</Loaded>
            : <Loaded of={settled(state.answered)} height={360} what="the answer" again={() => store.run()}>{({ answer, markers }) => <ResultView answer={answer} markers={markers} view={view} columns={columns} filter={filter} sort={sort}
              zoom={(from, to) => store.run({ spec: { ...withoutTime(spec), start_time: from, end_time: Math.max(to, from + 2) } })}
              selected={state.question.selection} select={(column, rectangle, group) => store.run({ spec, selection: { ...rectangle, column, ...(breakdowns.length > 0 ? { group: groupKey(group, breakdowns) } : {}) } })} />}</Loaded>}
      </div>}
      {view === "heatmap" && state.question.selection && <div class="below"><BubbleUpPanel of={state.bubbleUp} filter={filter} close={() => store.run({ spec, selection: null })} again={() => store.run({ spec })} /></div>}
    </div>
    {onBoard && <AddToBoard dataset={state.question.dataset} query={complete(spec)} view={view} close={() => setOnBoard(false)} />}
    {copied !== "" && <div class="toast" role="status">{copied}</div>}
  </>;
}
