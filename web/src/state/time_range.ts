// The part of time a page looks at. It is in the address: last=1h, or from= and to= in Unix seconds.
import { client } from "../api/client";
import { timeOf } from "../format";

export interface TimeRange { last?: string; from?: number; to?: number }
export const lasts = ["15m", "1h", "6h", "24h", "7d"] as const;

export function rangeOf(query: URLSearchParams): TimeRange {
  const from = Number(query.get("from")), to = Number(query.get("to"));
  if (from > 0 && to > from) return { from, to };
  const last = query.get("last");
  return last !== null && seconds(last) !== undefined ? { last } : {};
}

/** "90s", "15m", "1h", "7d" in seconds. */
export function seconds(text: string): number | undefined {
  const found = /^(\d{1,6})([smhd])$/.exec(text);
  if (!found) return undefined;
  return Number(found[1]) * ({ s: 1, m: 60, h: 3600, d: 86_400 }[found[2] ?? "s"] ?? 1);
}

/**
 * Start and end in Unix seconds. Without a choice: from the first event of the dataset, at most a
 * day, so that a migration that began minutes ago fills its charts.
 */
export async function resolveRange(range: TimeRange, dataset: string, signal?: AbortSignal): Promise<{ start_time: number; end_time: number }> {
  const now = Math.ceil(Date.now() / 1000);
  if (range.from !== undefined && range.to !== undefined) return { start_time: range.from, end_time: range.to };
  if (range.last !== undefined) return { start_time: now - (seconds(range.last) ?? 3600), end_time: now };
  const { datasets } = await client.datasets(signal);
  const found = datasets.find((one) => one.name === dataset);
  if (!found?.first_time || !found.last_time) return { start_time: now - 3600, end_time: now };
  const first = Math.floor(timeOf(found.first_time) / 1000), last = Math.ceil(timeOf(found.last_time) / 1000) + 1;
  // Quiet for long: what happened is more use than the silence since.
  const end = now - last > 120 ? last : now;
  return { start_time: Math.max(first, end - 86_400), end_time: Math.max(end, first + 15) };
}
