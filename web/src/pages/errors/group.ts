// What an error is grouped by, in the address and in the filters of a question.
import type { Filter, Row } from "../../api/types";
import { navigate } from "../../state/location";

/** Null stands for a field that the events do not have. */
export interface ErrorGroup { type: string | null; where: string | null; side: string | null; route: string | null }

export const groupColumns = ["exception.type", "error.where", "error.side", "http.route"] as const;
const names = { type: "error.type", where: "error.where", side: "error.side", route: "error.route" } as const;
const columns = { type: "exception.type", where: "error.where", side: "error.side", route: "http.route" } as const;
const parts = ["type", "where", "side", "route"] as const;

/** What the list is narrowed to; an empty one narrows nothing. */
export interface Narrowed { migration: string; mode: string; route: string; side: string }
export const narrowedColumns = { migration: "evaluation.migration", mode: "evaluation.mode", route: "http.route", side: "error.side" } as const;

export function groupOf(row: Row): ErrorGroup {
  const text = (column: string) => { const value = row[column]; return value === null || value === undefined ? null : String(value); };
  return { type: text(columns.type), where: text(columns.where), side: text(columns.side), route: text(columns.route) };
}

export function keyOf(group: ErrorGroup): string { return JSON.stringify(parts.map((part) => group[part])); }

/** The group that the address names. A parameter without a value is a field that is absent. */
export function groupInAddress(query: URLSearchParams): ErrorGroup | undefined {
  if (!query.has(names.type)) return undefined;
  const text = (part: (typeof parts)[number]) => query.get(names[part]) || null;
  return { type: text("type"), where: text("where"), side: text("side"), route: text("route") };
}

/** The address of a group; what the list is narrowed to and the time stay in it. */
export function groupHref(group: ErrorGroup | undefined, event?: string): string {
  const query = new URLSearchParams(location.search);
  for (const part of parts) {
    if (group === undefined) query.delete(names[part]);
    else query.set(names[part], group[part] ?? "");
  }
  if (event === undefined) query.delete("event");
  else query.set("event", event);
  const text = query.toString();
  return `/ui/errors${text === "" ? "" : `?${text}`}`;
}

/** The address of a group for other pages. */
export function linkToGroup(group: ErrorGroup, narrowed: Partial<Narrowed> = {}): string {
  const query = new URLSearchParams(parts.map((part) => [names[part], group[part] ?? ""]));
  for (const [name, value] of Object.entries(narrowed)) if (value !== "") query.set(name, value);
  return `/ui/errors?${query}`;
}

export function openEvent(group: ErrorGroup, event: string): void { navigate(groupHref(group, event), { replace: true }); }

export function narrowedBy(query: URLSearchParams): Narrowed {
  return { migration: query.get("migration") ?? "", mode: query.get("mode") ?? "", route: query.get("route") ?? "", side: query.get("side") ?? "" };
}

function equal(column: string, value: string | null): Filter {
  return value === null ? { column, op: "does-not-exist" } : { column, op: "=", value };
}

export function groupFilters(group: ErrorGroup): Filter[] { return parts.map((part) => equal(columns[part], group[part])); }

export function narrowedFilters(narrowed: Narrowed): Filter[] {
  return (Object.keys(narrowedColumns) as (keyof Narrowed)[]).filter((name) => narrowed[name] !== "").map((name) => equal(narrowedColumns[name], narrowed[name]));
}
