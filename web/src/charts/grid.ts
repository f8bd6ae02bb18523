// From the answer of a query to what a chart draws: one column of times, one of values per group.
import type { QueryAnswer, QueryData, Row } from "../api/types";
import { isMode, modeColor, modes } from "../modes";
import { timeOf } from "../format";

/** A value per bucket; null is a bucket without events, drawn as a gap. */
export type Values = (number | null)[];

export interface Group { key: string; label: string; row: Row; color: string; dash?: number[]; values: Record<string, Values> }
export interface Grid { times: number[]; granularity_s: number; groups: Group[]; names: string[] }

export function groupKey(row: Row, breakdowns: readonly string[]): string {
  return JSON.stringify(breakdowns.map((name) => row[name] ?? null));
}

/** A value of a column as a person reads it; what nothing explains is called so everywhere. */
export function valueText(column: string, value: Row[string] | undefined): string {
  if (value === null || value === undefined) return "(none)";
  if (value === "") return '""';
  return column === "difference.explanation" && value === "none" ? "unexplained" : String(value);
}

export function groupLabel(row: Row, breakdowns: readonly string[]): string {
  if (breakdowns.length === 0) return "all";
  return breakdowns.map((name) => valueText(name, row[name])).join(" · ");
}

/** The keys of a row that are calculations. */
export function calculationNames(rows: readonly { data: Row }[], breakdowns: readonly string[]): string[] {
  const names = new Set<string>();
  for (const row of rows) for (const name of Object.keys(row.data)) if (!breakdowns.includes(name)) names.add(name);
  return [...names];
}

/** A mode has its colour wherever it appears; other groups take the palette in their order. */
export function colorOf(label: string, at: number): { color: string; dash?: number[] } {
  if (isMode(label)) {
    const dash = modes.find((one) => one.mode === label)?.dash;
    return { color: modeColor(label), ...(dash ? { dash } : {}) };
  }
  return { color: `var(--series-${(at % 10) + 1})`, ...(at >= 10 ? { dash: at >= 20 ? [2, 3] : [6, 3] } : {}) };
}

export function gridOf(answer: QueryAnswer, data: Pick<QueryData, "series" | "results"> = answer.data): Grid {
  const breakdowns = answer.query.breakdowns ?? [];
  const names = calculationNames([...data.results, ...data.series.slice(0, 50)], breakdowns);
  const step = Math.max(1, answer.query.granularity ?? 60);
  const from = answer.query.start_time ?? 0, to = answer.query.end_time ?? from;
  const times: number[] = [];
  for (let at = Math.floor(from / step) * step; at < to && times.length < 20_000; at += step) times.push(at);
  const place = new Map(times.map((time, at) => [time, at]));

  const groups = new Map<string, Group>();
  const groupOf = (row: Row): Group => {
    const key = groupKey(row, breakdowns);
    let group = groups.get(key);
    if (!group) {
      const label = groupLabel(row, breakdowns);
      group = { key, label, row: Object.fromEntries(breakdowns.map((name) => [name, row[name] ?? null])), ...colorOf(label, groups.size), values: {} };
      for (const name of names) group.values[name] = new Array<number | null>(times.length).fill(null);
      groups.set(key, group);
    }
    return group;
  };
  for (const result of data.results) groupOf(result.data);
  for (const point of data.series) {
    const at = place.get(Math.floor(timeOf(point.time) / 1000 / step) * step);
    if (at === undefined) continue;
    const group = groupOf(point.data);
    for (const name of names) {
      const value = point.data[name];
      const values = group.values[name];
      if (values && typeof value === "number") values[at] = value;
    }
  }
  return { times, granularity_s: step, groups: [...groups.values()], names };
}

/** Modes in their own order, not in that of their sizes. */
export function inModeOrder(groups: readonly Group[]): Group[] {
  const rank = (group: Group) => { const at = modes.findIndex((one) => one.mode === group.label); return at < 0 ? modes.length : at; };
  return [...groups].sort((a, b) => rank(a) - rank(b));
}
