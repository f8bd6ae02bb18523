import { useState } from "preact/hooks";
import { inModeOrder } from "../../charts/grid";
import { type Line, LineChart } from "../../charts/lines";
import { Empty, Loaded, Panel, Segmented } from "../../ui/parts";
import { zoomInto } from "../../ui/time_range";
import { paths } from "../../state/location";
import { type Remote, valueOf } from "../../state/store";
import type { Story, Whose } from "./store";

/** One line per mode of one calculation. */
function linesOf(story: Story, name: string): Line[] {
  return inModeOrder(story.grid.groups).map((group) => ({ label: group.label, color: group.color, ...(group.dash ? { dash: group.dash } : {}), values: group.values[name] ?? [] }));
}

/** Each mode's share of the requests of its bucket, in per cent. */
function sharesOf(story: Story): Line[] {
  const counts = linesOf(story, "COUNT");
  const sums = story.grid.times.map((_time, at) => counts.reduce((sum, line) => sum + (line.values[at] ?? 0), 0));
  return counts.map((line) => ({ ...line, values: line.values.map((value, at) => (value === null || !sums[at] ? null : (value / sums[at]) * 100)) }));
}

interface Props { story: Remote<Story>; again: () => void }

function Chart(props: Props & { lines: (story: Story) => Line[]; label: string; unit: "percent" | "ms"; height: number; stacked?: boolean }) {
  return <Loaded of={props.story} height={props.height + 60} what={props.label} again={props.again}>{(story) => {
    const lines = props.lines(story);
    return lines.length === 0
      ? <Empty title="No requests in this time">Charts fill as soon as a request goes through this migration.</Empty>
      : <LineChart label={props.label} times={story.grid.times} granularity_s={story.grid.granularity_s} lines={lines} unit={props.unit} height={props.height}
        stacked={props.stacked ?? false} markers={story.markers} together="migration" zoom={zoomInto} />;
  }}</Loaded>;
}

/** Where a dip leads: the same time in Explore. */
function FurtherQuestions(props: { migration: string; story: Remote<Story>; whose: string }) {
  const story = valueOf(props.story);
  if (!story) return null;
  const time = { start_time: story.start_time, end_time: story.end_time };
  const ours = { column: "evaluation.migration", op: "=", value: props.migration };
  return <p class="further row"><span class="muted small">Look further:</span>
    <a href={paths.explore("errors", { ...time, breakdowns: ["exception.type", "http.route"], calculations: [{ op: "COUNT" }], filters: [ours] }, "stacked")}>Which errors?</a>
    <a href={paths.explore("evaluations", { ...time, breakdowns: ["http.route", "evaluation.mode"], calculations: [{ op: "AVG", column: props.whose }, { op: "COUNT" }], filters: [ours], orders: [{ op: "AVG", column: props.whose, order: "ascending" }] }, "table")}>On which route and mode?</a>
    <a href={paths.explore("evaluations", { ...time, filters: [ours, { column: props.whose, op: "=", value: 0 }] }, "raw")}>The requests that failed</a>
  </p>;
}

export function SuccessPanel(props: Props & { migration: string }) {
  const [whose, setWhose] = useState<"success" | "served.success">("success");
  const hint = whose === "success"
    ? "Requests in which every side that was called answered without an error. While control answers, users do not feel a dip here."
    : "Requests whose client got a whole answer with a status below 500.";
  return <Panel title="Success rate by evaluation mode" hint={hint}
    actions={<Segmented label="Whose success" value={whose} choose={setWhose} choices={[{ value: "success", text: "Both services" }, { value: "served.success", text: "What users got" }]} />}>
    <Chart {...props} lines={(story) => linesOf(story, `AVG(${whose})`)} label={`Success rate over time, one line for each evaluation mode`} unit="percent" height={250} />
    <FurtherQuestions migration={props.migration} story={props.story} whose={whose} />
  </Panel>;
}

export function SharesPanel(props: Props) {
  return <Panel class="third" title="Modes" hint="Share of the requests">
    <Chart {...props} lines={sharesOf} label="Share of each evaluation mode over time" unit="percent" height={170} stacked />
  </Panel>;
}

/** What each service took, whoever waited for it. */
function linesOfServices(story: Story, quantile: string): Line[] {
  const values = story.grid.groups[0]?.values ?? {};
  return [{ label: "control", color: "var(--mode-control_only)" }, { label: "candidate", color: "var(--mode-candidate_only)", dash: [6, 3] }]
    .map((one) => ({ ...one, values: values[`${quantile}(${one.label}.duration_ms)`] ?? [] })).filter((line) => line.values.some((value) => value !== null));
}

export function LatencyPanel(props: Props & { quantile: "P50" | "P99"; whose: Whose; choose: (whose: Whose) => void }) {
  const { quantile, whose } = props, share = quantile === "P50" ? "Half" : "99%";
  const words = whose === "users" ? `${share} of the requests are faster. What users waited for.` : `${share} of the calls are faster. What each service took.`;
  return <Panel class="third" title={`Latency ${quantile}`} hint={words}
    actions={<Segmented label={`Whose ${quantile}`} value={whose} choose={props.choose} choices={[{ value: "services", text: "Both services" }, { value: "users", text: "What users got" }]} />}>
    <Chart {...props} lines={(story) => (whose === "users" ? linesOf(story, `${quantile}(duration_ms)`) : linesOfServices(story, quantile))} unit="ms" height={170}
      label={whose === "users" ? `${quantile} of the duration as clients saw it, one line for each evaluation mode` : `${quantile} of the duration of control's and of the candidate's calls`} />
  </Panel>;
}
