import { client } from "../../api/client";
import type { Marker, QueryAnswer, QuerySpec, Row } from "../../api/types";
import { type Grid, gridOf, type Values } from "../../charts/grid";
import { loading, PageStore, type Remote } from "../../state/store";
import { resolveRange, type TimeRange } from "../../state/time_range";
import { type ErrorGroup, groupColumns, groupOf, keyOf, type Narrowed, narrowedColumns, narrowedFilters } from "./group";

export interface ListedGroup extends ErrorGroup {
  key: string;
  count: number;
  trend: Values;
  first_ms: number;
  last_ms: number;
  message?: string;
  modes: { mode: string; count: number }[];
}
export interface ErrorList { groups: ListedGroup[]; total: number; answer: QueryAnswer; grid: Grid; markers: Marker[]; start_time: number; end_time: number }
/** What the errors of this time can be narrowed to. */
export type Choices = Record<keyof Narrowed, string[]>;

interface State { range: TimeRange; narrowed: Narrowed; list: Remote<ErrorList>; choices: Remote<Choices> }

const groupsMax = 200;
const bars = 48;
const refreshSeconds = 15;
/** The window a page of errors looks at: that of the evaluations, so that errors stand in their traffic. */
export async function errorsWindow(range: TimeRange, signal?: AbortSignal): Promise<{ start_time: number; end_time: number }> {
  const { datasets } = await client.datasets(signal);
  return resolveRange(range, datasets.some((one) => one.name === "evaluations" && one.events > 0) ? "evaluations" : "errors", signal);
}

/** When an event was, as a number that has a least and a greatest. */
export const seen = {
  calculated_fields: [{ name: "seen_s", expression: "EVENT_TIMESTAMP()" }],
  calculations: [{ op: "MIN", column: "seen_s" }, { op: "MAX", column: "seen_s" }],
};
export function seenIn(row: Row): { first_ms: number; last_ms: number } {
  return { first_ms: Number(row["MIN(seen_s)"] ?? 0) * 1000, last_ms: Number(row["MAX(seen_s)"] ?? 0) * 1000 };
}

function text(row: Row, column: string): string { const value = row[column]; return value === null || value === undefined ? "" : String(value); }

export class ErrorListStore extends PageStore<State> {
  constructor() { super({ range: {}, narrowed: { migration: "", mode: "", route: "", side: "" }, list: loading, choices: loading }); }

  override start(): void {
    this.refresh();
    this.every(refreshSeconds, () => this.loadList());
  }

  look(range: TimeRange, narrowed: Narrowed): void {
    if (JSON.stringify([range, narrowed]) === JSON.stringify([this.state.range, this.state.narrowed])) return;
    this.set({ range, narrowed });
    this.refresh();
  }

  private loadList(): void { void this.fetch("list", (signal) => this.ask(signal)); }

  refresh(): void {
    this.loadList();
    void this.fetch("choices", async (signal) => {
      const columns = Object.values(narrowedColumns);
      const answer = await client.query("errors", { ...(await errorsWindow(this.state.range, signal)), breakdowns: columns, disable_series: true, limit: 1000 }, signal);
      const values = (column: string) => [...new Set(answer.data.results.map((one) => text(one.data, column)).filter((value) => value !== ""))].sort();
      return { migration: values(narrowedColumns.migration), mode: values(narrowedColumns.mode), route: values(narrowedColumns.route), side: values(narrowedColumns.side) };
    });
  }

  private async ask(signal: AbortSignal): Promise<ErrorList> {
    const time = await errorsWindow(this.state.range, signal);
    const asked: QuerySpec = { ...time, filters: narrowedFilters(this.state.narrowed) };
    const [groups, modes, newest, markers] = await Promise.all([
      client.query("errors", {
        ...asked, ...seen, breakdowns: [...groupColumns], calculations: [{ op: "COUNT" }, ...seen.calculations],
        granularity: Math.max(1, Math.ceil((time.end_time - time.start_time) / bars)), limit: groupsMax,
      }, signal),
      client.query("errors", { ...asked, breakdowns: [...groupColumns, "evaluation.mode"], disable_series: true, limit: 1000 }, signal),
      client.events("errors", asked, { columns: [...groupColumns, "exception.message"], limit: 500 }, signal),
      client.markers({ from: time.start_time, until: time.end_time, limit: 200 }, signal),
    ]);
    const grid = gridOf(groups);
    const trends = new Map(grid.groups.map((group) => [keyOf(groupOf(group.row)), group.values["COUNT"] ?? []]));
    const messages = new Map<string, string>();
    for (const event of newest.events) {
      const key = keyOf(groupOf(event.data));
      if (!messages.has(key)) messages.set(key, text(event.data, "exception.message"));
    }
    const byMode = new Map<string, { mode: string; count: number }[]>();
    for (const { data } of modes.data.results) {
      const key = keyOf(groupOf(data));
      byMode.set(key, [...(byMode.get(key) ?? []), { mode: text(data, "evaluation.mode"), count: Number(data["COUNT"] ?? 0) }]);
    }
    const listed = groups.data.results.map(({ data }): ListedGroup => {
      const group = groupOf(data), key = keyOf(group), message = messages.get(key);
      return { ...group, key, count: Number(data["COUNT"] ?? 0), trend: trends.get(key) ?? [], modes: byMode.get(key) ?? [], ...seenIn(data), ...(message ? { message } : {}) };
    });
    const total = Number(groups.data.total_by_aggregate?.data["COUNT"] ?? listed.reduce((sum, one) => sum + one.count, 0));
    return { groups: listed, total, answer: groups, grid, markers: markers.markers, ...time };
  }
}

/** The largest classes as lines over time, the others as one. */
export function linesByType(list: ErrorList, most = 7): { label: string; values: Values; color: string }[] {
  const types = new Map<string, Values>();
  for (const group of list.groups) {
    const label = group.type ?? "(no class)";
    const sums = types.get(label) ?? list.grid.times.map(() => 0);
    group.trend.forEach((value, at) => { sums[at] = (sums[at] ?? 0) + (value ?? 0); });
    types.set(label, sums);
  }
  const all = [...types].map(([label, values], at) => ({ label, values, color: `var(--series-${(at % 10) + 1})` }));
  if (all.length <= most) return all;
  const rest = all.slice(most - 1);
  const values = list.grid.times.map((_time, at) => rest.reduce((sum, one) => sum + (one.values[at] ?? 0), 0));
  return [...all.slice(0, most - 1), { label: `${rest.length} other classes`, values, color: "var(--series-other)" }];
}
