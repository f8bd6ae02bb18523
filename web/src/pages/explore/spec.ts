// A question as it stands in the address, and what can be put into one.
import type { Scalar } from "../../api/json";
import type { Calculation, Column, Filter, QuerySpec } from "../../api/types";
import { paths } from "../../state/location";

export const views = [
  { value: "line", text: "Lines" }, { value: "stacked", text: "Stacked" }, { value: "table", text: "Table" },
  { value: "heatmap", text: "Heatmap" }, { value: "raw", text: "Events" },
] as const;
export type View = (typeof views)[number]["value"];

/** A part of a heatmap; `group` is the groupKey of the group whose heatmap it is of. */
export interface Selection { start_time: number; end_time: number; column: string; min: number; max: number; group?: string }
export interface Question { dataset: string; spec: QuerySpec; view: View; selection?: Selection }

export const calculationOps: readonly { op: string; about: string; bare?: boolean }[] = [
  { op: "COUNT", about: "how many events", bare: true }, { op: "AVG", about: "mean" }, { op: "P50", about: "half are below" },
  { op: "P95", about: "95 in 100 are below" }, { op: "P99", about: "99 in 100 are below" }, { op: "MAX", about: "largest" }, { op: "MIN", about: "smallest" },
  { op: "SUM", about: "total" }, { op: "COUNT_DISTINCT", about: "different values" }, { op: "HEATMAP", about: "how values spread over time" },
  { op: "RATE_AVG", about: "change of the mean per bucket" }, { op: "RATE_SUM", about: "change of the total per bucket" }, { op: "RATE_MAX", about: "change of the largest per bucket" },
  { op: "CONCURRENCY", about: "how many at the same time", bare: true },
  ...["P001", "P01", "P05", "P10", "P20", "P25", "P75", "P80", "P90", "P999"].map((op) => ({ op, about: `percentile ${op === "P001" ? "0.1" : op === "P999" ? "99.9" : op.slice(1).replace(/^0/, "")}` })),
];

export const filterOps: readonly { op: string; text: string; bare?: boolean; list?: boolean }[] = [
  { op: "=", text: "=" }, { op: "!=", text: "≠" }, { op: ">", text: ">" }, { op: ">=", text: "≥" }, { op: "<", text: "<" }, { op: "<=", text: "≤" },
  { op: "starts-with", text: "starts with" }, { op: "does-not-start-with", text: "does not start with" }, { op: "ends-with", text: "ends with" }, { op: "does-not-end-with", text: "does not end with" },
  { op: "contains", text: "contains" }, { op: "does-not-contain", text: "does not contain" },
  { op: "exists", text: "exists", bare: true }, { op: "does-not-exist", text: "does not exist", bare: true }, { op: "in", text: "in", list: true }, { op: "not-in", text: "not in", list: true },
];

export const functions: readonly { name: string; about: string }[] = [
  { name: "IF(", about: "IF(condition, value, else)" }, { name: "SWITCH(", about: 'SWITCH(value, "case", result, else)' }, { name: "COALESCE(", about: "the first that is there" },
  { name: "LT(", about: "less" }, { name: "LTE(", about: "less or equal" }, { name: "GT(", about: "greater" }, { name: "GTE(", about: "greater or equal" }, { name: "EQUALS(", about: "equal, type too" }, { name: "IN(", about: "one of" },
  { name: "EXISTS(", about: "is there" }, { name: "NOT(", about: "" }, { name: "AND(", about: "" }, { name: "OR(", about: "" },
  { name: "MIN(", about: "" }, { name: "MAX(", about: "" }, { name: "SUM(", about: "" }, { name: "SUB(", about: "" }, { name: "MUL(", about: "" }, { name: "DIV(", about: "by zero: nothing" }, { name: "MOD(", about: "" }, { name: "LOG10(", about: "" },
  { name: "BUCKET(", about: "BUCKET(column, size, min, max)" }, { name: "INT(", about: "" }, { name: "FLOAT(", about: "" }, { name: "BOOL(", about: "" }, { name: "STRING(", about: "" },
  { name: "CONCAT(", about: "" }, { name: "STARTS_WITH(", about: "" }, { name: "ENDS_WITH(", about: "" }, { name: "CONTAINS(", about: "" }, { name: "TO_LOWER(", about: "" }, { name: "LENGTH(", about: "" },
  { name: "REG_MATCH(", about: 'REG_MATCH(text, "pattern")' }, { name: "REG_VALUE(", about: "first group" }, { name: "REG_COUNT(", about: "" },
  { name: "UNIX_TIMESTAMP(", about: "seconds of a time" }, { name: "EVENT_TIMESTAMP(", about: "" }, { name: "FORMAT_TIME(", about: 'FORMAT_TIME("%H", seconds)' },
];

export interface StartingPoint { text: string; question: Question }
export const startingPoints: readonly StartingPoint[] = [
  { text: "Which mode fails?", question: { dataset: "evaluations", view: "line", spec: { breakdowns: ["evaluation.mode"], calculations: [{ op: "AVG", column: "success" }, { op: "COUNT" }] } } },
  { text: "Which route is slow?", question: { dataset: "evaluations", view: "line", spec: { breakdowns: ["http.route"], calculations: [{ op: "P99", column: "duration_ms" }, { op: "P50", column: "duration_ms" }] } } },
  { text: "Is the candidate faster?", question: { dataset: "evaluations", view: "line", spec: { calculations: [{ op: "P50", column: "control.duration_ms" }, { op: "P50", column: "candidate.duration_ms" }] } } },
  { text: "Which errors?", question: { dataset: "errors", view: "stacked", spec: { breakdowns: ["exception.type", "http.route"], calculations: [{ op: "COUNT" }] } } },
  { text: "Why do they differ?", question: { dataset: "differences", view: "table", spec: { breakdowns: ["difference.explanation", "difference.path_pattern"], calculations: [{ op: "COUNT" }] } } },
  { text: "How does latency spread?", question: { dataset: "evaluations", view: "heatmap", spec: { calculations: [{ op: "HEATMAP", column: "duration_ms" }] } } },
];

export function firstQuestion(dataset: string): QuerySpec {
  return startingPoints.find((one) => one.question.dataset === dataset)?.question.spec ?? { calculations: [{ op: "COUNT" }] };
}

/** The question in the address; what cannot be read is reported and replaced by the first question. */
export function questionOf(dataset: string, query: URLSearchParams): Question & { problem?: string } {
  const viewText = query.get("view") ?? "";
  const view = views.find((one) => one.value === viewText)?.value ?? "line";
  const [start_time, end_time, min, max] = (query.get("at") ?? "").split(",").map(Number);
  const column = query.get("of") ?? "";
  const selection = column !== "" && [start_time, end_time, min, max].every((one) => one !== undefined && Number.isFinite(one))
    ? { selection: { start_time: start_time as number, end_time: end_time as number, min: min as number, max: max as number, column, ...(query.has("in") ? { group: query.get("in") as string } : {}) } } : {};
  const text = query.get("q");
  if (text === null) return { dataset, spec: firstQuestion(dataset), view, ...selection };
  try {
    const spec = JSON.parse(text) as unknown;
    if (typeof spec !== "object" || spec === null || Array.isArray(spec)) throw new Error("it is no object");
    return { dataset, spec: spec as QuerySpec, view, ...selection };
  } catch (error) {
    return { dataset, spec: firstQuestion(dataset), view, problem: `The question in the address could not be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}

export function hrefOf(question: Question): string {
  const base = paths.explore(question.dataset, question.spec, question.view);
  const { selection } = question;
  if (!selection) return base;
  return `${base}&at=${[selection.start_time, selection.end_time, selection.min, selection.max].join(",")}&of=${encodeURIComponent(selection.column)}${selection.group === undefined ? "" : `&in=${encodeURIComponent(selection.group)}`}`;
}

export function calculationKey(one: Calculation): string { return one.name ?? (one.column ? `${one.op}(${one.column})` : one.op); }

/** Incomplete rows of the builder are left out of what is asked. */
export function complete(spec: QuerySpec): QuerySpec {
  const { filters, calculations, breakdowns, calculated_fields, formulas, havings, orders, ...rest } = spec;
  const bare = (op: string) => filterOps.find((one) => one.op === op)?.bare === true;
  const out: QuerySpec = { ...rest };
  const kept = filters?.filter((one) => one.column !== "" && (bare(one.op) || (one.value !== undefined && !(Array.isArray(one.value) && one.value.length === 0))));
  if (kept && kept.length > 0) out.filters = kept;
  const wanted = calculations?.filter((one) => calculationOps.find((known) => known.op === one.op)?.bare || (one.column ?? "") !== "");
  if (wanted && wanted.length > 0) out.calculations = wanted;
  const groups = breakdowns?.filter((one) => one !== "");
  if (groups && groups.length > 0) out.breakdowns = groups;
  const fields = calculated_fields?.filter((one) => one.name !== "" && one.expression !== "");
  if (fields && fields.length > 0) out.calculated_fields = fields;
  const made = formulas?.filter((one) => one.name !== "" && one.expression !== "");
  if (made && made.length > 0) out.formulas = made;
  const keys = new Set((out.calculations ?? [{ op: "COUNT" }]).map(calculationKey));
  for (const one of made ?? []) keys.add(one.name);
  const held = havings?.filter((one) => keys.has(one.column && one.calculate_op ? `${one.calculate_op}(${one.column})` : (one.calculate_op ?? one.column ?? "")));
  if (held && held.length > 0) out.havings = held;
  const sorted = orders?.filter((one) => (one.op ? keys.has(one.column ? `${one.op}(${one.column})` : one.op) : keys.has(one.column ?? "") || groups?.includes(one.column ?? "")));
  if (sorted && sorted.length > 0) out.orders = sorted;
  if (out.filter_combination === "AND" || !out.filters) delete out.filter_combination;
  return out;
}

/** Text of a field as the value of a filter: a number where the column has numbers, text in quotes always text. */
export function valueFrom(text: string, op: string, column: Column | undefined): Scalar | Scalar[] {
  if (filterOps.find((one) => one.op === op)?.list) return text.split(",").map((part) => part.trim()).filter((part) => part !== "").map((part) => one(part, column));
  return one(text.trim(), column);
}

function one(text: string, column: Column | undefined): Scalar {
  const quoted = /^"(.*)"$/s.exec(text);
  if (quoted) return quoted[1] ?? "";
  const types = column?.types ?? [];
  const numeric = types.some((type) => /int|double|float|number/.test(type));
  if ((numeric || types.length === 0) && text !== "" && Number.isFinite(Number(text))) return Number(text);
  if (types.some((type) => /bool/.test(type)) && /^(true|false)$/.test(text)) return text === "true";
  return text;
}

export function textOf(value: Filter["value"]): string {
  if (value === undefined || value === null) return "";
  return Array.isArray(value) ? value.map((part) => (part === null ? "" : String(part))).join(", ") : String(value);
}

/** The conditions that make a group: its columns and their values, as in its groupKey. */
export function groupFilters(breakdowns: readonly string[], key: string): Filter[] {
  const values = JSON.parse(key) as Scalar[];
  return breakdowns.map((column, at) => { const value = values[at] ?? null; return value === null ? { column, op: "does-not-exist" } : { column, op: "=", value }; });
}

/** Adds a condition on a group's value; one on the same value before it goes. */
export function withFilter(spec: QuerySpec, column: string, value: Scalar, keep: boolean): QuerySpec {
  const filter: Filter = value === null ? { column, op: keep ? "does-not-exist" : "exists" } : { column, op: keep ? "=" : "!=", value };
  const others = (spec.filters ?? []).filter((before) => !(before.column === column && JSON.stringify(before.value ?? null) === JSON.stringify(value)));
  return { ...spec, filters: [...others, filter] };
}
