import { client } from "../../api/client";
import type { Json } from "../../api/json";
import type { EventRow, Filter, Marker, QueryAnswer, QuerySpec, Row } from "../../api/types";
import { type Grid, gridOf } from "../../charts/grid";
import { timeOf } from "../../format";
import { modeNames } from "../../modes";
import { loading, PageStore, type Remote } from "../../state/store";
import type { TimeRange } from "../../state/time_range";
import { type ErrorGroup, groupFilters, type Narrowed, narrowedColumns, narrowedFilters } from "./group";
import { errorsWindow, seen, seenIn } from "./list_store";

export interface Rate { name: string; errors: number; /** Calls that could have failed so; undefined when nobody counts them. */ of?: number }
export interface GroupStory {
  count: number;
  answer: QueryAnswer;
  grid: Grid;
  markers: Marker[];
  first_ms: number;
  last_ms: number;
  modes: Rate[];
  /** Between two deploys, the oldest first. */
  deploys: Rate[];
  /** By a column of the events that says a version, when they have one. */
  versions?: { column: string; rates: Rate[] };
  messages: { message: string; count: number }[];
  events: EventRow[];
  more: boolean;
}
/** The request an error belongs to, with everything that is known of it. */
export interface Request { error?: EventRow; evaluation?: EventRow; differences: number }

interface State { range: TimeRange; narrowed: Narrowed; story: Remote<GroupStory>; request: Remote<Request> }

const refreshSeconds = 15;
const newestMax = 50;
const deploysMax = 6;
const messagesMax = 6;

export class ErrorGroupStore extends PageStore<State> {
  private opened = "";

  constructor(readonly group: ErrorGroup, range: TimeRange, narrowed: Narrowed) { super({ range, narrowed, story: loading, request: loading }); }

  override start(): void {
    void this.refresh();
    this.every(refreshSeconds, () => void this.refresh());
  }

  look(range: TimeRange, narrowed: Narrowed): void {
    if (JSON.stringify([range, narrowed]) === JSON.stringify([this.state.range, this.state.narrowed])) return;
    this.set({ range, narrowed });
    void this.refresh();
  }

  refresh(): Promise<void> { return this.fetch("story", (signal) => this.ask(signal)); }

  /** Opens the error of one evaluation. */
  open(evaluation: string): void {
    if (evaluation === this.opened) return;
    this.opened = evaluation;
    this.set({ request: loading });
    void this.fetch("request", async (signal) => {
      const time = await errorsWindow(this.state.range, signal);
      const of: Filter = { column: "evaluation.id", op: "=", value: evaluation };
      const [errors, evaluations, differences] = await Promise.all([
        client.events("errors", { ...time, filters: [...groupFilters(this.group), of] }, { limit: 1 }, signal),
        client.events("evaluations", { ...time, filters: [of] }, { limit: 1 }, signal).catch(() => undefined),
        client.query("differences", { ...time, filters: [of], disable_series: true }, signal).catch(() => undefined),
      ]);
      const error = errors.events[0], request = evaluations?.events[0];
      return { ...(error ? { error } : {}), ...(request ? { evaluation: request } : {}), differences: Number(differences?.data.results[0]?.data["COUNT"] ?? 0) };
    });
  }

  /** Calls that could have failed in this way: those to this side on this route. */
  private callsSpec(narrowed: Narrowed): QuerySpec {
    const { side, route } = this.group;
    const filters = narrowedFilters({ ...narrowed, side: "", route: "" });
    if (route !== null) filters.push({ column: "http.route", op: "=", value: route });
    if (side === "control" || side === "candidate") filters.push({ column: `${side}.duration_ms`, op: "exists" });
    return { filters, disable_series: true };
  }

  private async ask(signal: AbortSignal): Promise<GroupStory> {
    const time = await errorsWindow(this.state.range, signal);
    const { narrowed } = this.state;
    const asked: QuerySpec = { ...time, filters: [...groupFilters(this.group), ...narrowedFilters({ ...narrowed, side: "", route: "" })] };
    const calls = this.callsSpec(narrowed);
    const byMode = [narrowedColumns.mode];
    const [trend, callsByMode, messages, newest, markers, columns] = await Promise.all([
      client.query("errors", { ...asked, ...seen, breakdowns: byMode, calculations: [{ op: "COUNT" }, ...seen.calculations] }, signal),
      client.query("evaluations", { ...calls, ...time, breakdowns: byMode }, signal).catch(() => undefined),
      client.query("errors", { ...asked, breakdowns: ["exception.message"], disable_series: true, limit: messagesMax }, signal),
      client.events("errors", asked, { limit: newestMax }, signal),
      client.markers({ from: time.start_time, until: time.end_time, limit: 200 }, signal),
      client.columns("errors", signal).catch(() => ({ columns: [] })),
    ]);
    const grid = gridOf(trend);
    const times = trend.data.results.map(({ data }) => seenIn(data));
    const counts = (results: readonly { data: Row }[]) => new Map(results.map(({ data }) => [words(data[narrowedColumns.mode]), Number(data["COUNT"] ?? 0)]));
    const failedIn = counts(trend.data.results), calledIn = counts(callsByMode?.data.results ?? []);
    const version = columns.columns.find((one) => /(^|[._])version$/.test(one.name));
    return {
      count: [...failedIn.values()].reduce((sum, one) => sum + one, 0), answer: trend, grid, markers: markers.markers,
      first_ms: Math.min(...times.map((one) => one.first_ms)), last_ms: Math.max(...times.map((one) => one.last_ms)),
      modes: inOrder([...new Set([...failedIn.keys(), ...calledIn.keys()])]).map((mode) => rate(mode, failedIn.get(mode) ?? 0, calledIn.get(mode))),
      deploys: await this.byDeploy(asked, calls, time, markers.markers, signal),
      ...(version ? { versions: { column: version.name, rates: await this.byColumn(asked, version.name, signal) } } : {}),
      messages: messages.data.results.map(({ data }) => ({ message: words(data["exception.message"]), count: Number(data["COUNT"] ?? 0) })),
      events: newest.events, more: newest.more,
    };
  }

  private async byColumn(asked: QuerySpec, column: string, signal: AbortSignal): Promise<Rate[]> {
    const answer = await client.query("errors", { ...asked, breakdowns: [column], disable_series: true, limit: 20 }, signal);
    return answer.data.results.map(({ data }) => rate(words(data[column]), Number(data["COUNT"] ?? 0)));
  }

  /** Errors and calls between deploys: which of them brought the error, and which ended it. */
  private async byDeploy(asked: QuerySpec, calls: QuerySpec, time: { start_time: number; end_time: number }, markers: Marker[], signal: AbortSignal): Promise<Rate[]> {
    const deploys = markers.filter((one) => one.type === "deploy").sort((a, b) => timeOf(a.time) - timeOf(b.time)).slice(-deploysMax);
    if (deploys.length === 0) return [];
    // The number of the stretch an event lies in, counted from 0 by the deploys before it.
    const stretch = { name: "stretch", expression: `IF(${deploys.map((one, at) => `EVENT_TIMESTAMP() < ${timeOf(one.time) / 1000}, ${at}`).join(", ")}, ${deploys.length})` };
    const counted = async (dataset: string, spec: QuerySpec) => {
      const answer = await client.query(dataset, { ...spec, ...time, calculated_fields: [stretch], breakdowns: [stretch.name], disable_series: true }, signal);
      return new Map(answer.data.results.map(({ data }) => [Number(data[stretch.name]), Number(data["COUNT"] ?? 0)]));
    };
    const [errors, called] = await Promise.all([counted("errors", asked), counted("evaluations", calls).catch(() => undefined)]);
    const of = called && called.size > 0 ? called : undefined;
    return ["before", ...deploys.map((one) => `since ${one.message ?? "a deploy"}`)].map((name, at) => rate(name, errors.get(at) ?? 0, of ? (of.get(at) ?? 0) : undefined));
  }
}

function rate(name: string, errors: number, of?: number): Rate { return { name, errors, ...(of === undefined ? {} : { of }) }; }

function words(value: Json | undefined): string { return value === null || value === undefined ? "(none)" : String(value); }

/** Modes in their own order, what is none at the end. */
function inOrder(names: readonly string[]): string[] {
  const rank = (name: string) => { const at = modeNames.findIndex((mode) => mode === name); return at < 0 ? modeNames.length : at; };
  return [...names].sort((a, b) => rank(a) - rank(b));
}
