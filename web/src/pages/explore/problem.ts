// What the server refuses in a question, in the builder's own words.
import type { ApiError } from "../../api/client";

/** `part` and `at` say which part of the question it is about, `excerpt` shows the place in an expression. */
export interface Problem { part: string; at?: number; where: string; text: string; excerpt?: string }

const words: Record<string, string> = {
  calculations: "Show, number", filters: "Where, filter", breakdowns: "Group by, column", calculated_fields: "Calculate, field", formulas: "Formula", havings: "Only groups, condition", orders: "Order",
  limit: "Only groups, at most", granularity: "Over time, a point every", compare_time_offset_seconds: "Over time, compared with", time_range: "Time", start_time: "Time", end_time: "Time",
};
const inMore = ["calculated_fields", "formulas", "havings", "limit", "granularity", "compare_time_offset_seconds"];

export function isInMore(problem: Problem | undefined): boolean { return problem !== undefined && inMore.includes(problem.part); }

/** calculations[1]: no such column -> "Show, number 2" and "no such column". */
export function problemOf(error: ApiError): Problem {
  const [first = "", ...rest] = error.message.trimEnd().split("\n");
  const indent = Math.min(...rest.map((line) => line.length - line.trimStart().length));
  const excerpt = rest.length > 0 ? { excerpt: rest.map((line) => line.slice(rest.length > 1 ? indent : 0)).join("\n") } : {};
  const [, part = "", index, text = first] = /^([a-z_]+)(?:\[(\d+)\])?(?:[.[][\w.[\]]*)?: (.*)$/s.exec(first) ?? [];
  const name = words[part];
  if (name === undefined) return { part: "", where: "", text: first, ...excerpt };
  const at = index === undefined ? {} : { at: Number(index) };
  return { part, ...at, where: index === undefined ? name : `${name} ${Number(index) + 1}`, text, ...excerpt };
}
