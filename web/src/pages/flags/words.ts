// A flag in words, so that nobody has to read its JSON.
import type { Json } from "../../api/json";
import type { Flag, FlagClause, FlagServe, Segment } from "../../api/types";
import { count, percent, several } from "../../format";
import { emptyMix, isMode, modeNames } from "../../modes";
import type { Mix } from "../../api/types";

export type FlagKind = "mode" | "compare" | "criteria" | "own";

export function kindOf(flag: Flag): FlagKind {
  if (flag.key.endsWith(".mode") && flag.variations.length > 0 && flag.variations.every((one) => isMode(one))) return "mode";
  if (flag.key.endsWith(".compare")) return "compare";
  if (flag.key.endsWith(".criteria")) return "criteria";
  return "own";
}

export const kindWords: Record<FlagKind, { name: string; lead: string }> = {
  mode: { name: "mode", lead: "Decides for each request which service is called and whose answer the user gets." },
  compare: { name: "rules", lead: "The rules by which two answers count as the same. Add one from a group of differences." },
  criteria: { name: "criteria", lead: "The criteria of the migration, as the configuration has them. They are changed there only." },
  own: { name: "own", lead: "A flag of your own, for programs that read flags here." },
};

/** "data-engine" of "data-engine.mode". */
export function migrationOf(flag: Flag): string { return flag.key.replace(/\.[^.]*$/, ""); }

export function variationText(flag: Flag, at: number | null | undefined): string {
  if (at === null || at === undefined) return "the program's own default";
  const value = flag.variations[at];
  if (value === undefined) return `variation ${at}`;
  return typeof value === "string" ? value : valueText(value);
}

function valueText(value: Json): string {
  if (typeof value === "object" && value !== null) {
    const text = JSON.stringify(value);
    return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
  }
  return String(value);
}

export interface Share { variation: number; text: string; share: number }

/** What is served, with shares in per cent; those of 0 are left out. */
export function sharesOf(flag: Flag, serve: FlagServe | undefined): Share[] {
  if (serve?.rollout) {
    const sums = new Map<number, number>();
    for (const one of serve.rollout.variations) sums.set(one.variation, (sums.get(one.variation) ?? 0) + one.weight / 1000);
    return [...sums].filter(([, share]) => share > 0).sort(([a], [b]) => a - b).map(([variation, share]) => ({ variation, text: variationText(flag, variation), share }));
  }
  if (serve?.variation !== undefined) return [{ variation: serve.variation, text: variationText(flag, serve.variation), share: 100 }];
  return [];
}

export function serveText(flag: Flag, serve: FlagServe | undefined): string {
  const shares = sharesOf(flag, serve);
  if (shares.length === 0) return "nothing";
  return shares.map((one) => (one.share === 100 ? one.text : `${one.text} ${percent(one.share)}`)).join(", ");
}

/** By what the shares are drawn, when it is not the key of the user. */
export function bucketText(serve: FlagServe | undefined): string {
  const by = serve?.rollout?.bucketBy, kind = serve?.rollout?.contextKind;
  const parts = [by && by !== "key" ? by : "", kind && kind !== "user" ? `the ${kind}` : ""].filter(Boolean);
  return parts.length === 0 ? "" : `by ${parts.join(" of ")}`;
}

/** The shares of a mode flag as a mix; undefined when it serves something else. */
export function mixOf(flag: Flag): Mix | undefined {
  if (kindOf(flag) !== "mode") return undefined;
  const shares = flag.on ? sharesOf(flag, flag.fallthrough) : sharesOf(flag, typeof flag.offVariation === "number" ? { variation: flag.offVariation } : undefined);
  const mix: Mix = { ...emptyMix };
  for (const one of shares) {
    const mode = modeNames.find((name) => name === one.text);
    if (mode) mix[mode] += one.share;
  }
  return mix;
}

export function targeted(flag: Flag): boolean {
  return (flag.rules?.length ?? 0) > 0 || [...(flag.targets ?? []), ...(flag.contextTargets ?? [])].some((one) => one.values.length > 0);
}

const opWords: Record<string, { one: string; many: string; not: string }> = {
  in: { one: "is", many: "is one of", not: "is not" },
  startsWith: { one: "begins with", many: "begins with one of", not: "does not begin with" },
  endsWith: { one: "ends with", many: "ends with one of", not: "does not end with" },
  contains: { one: "contains", many: "contains one of", not: "does not contain" },
  matches: { one: "matches", many: "matches one of", not: "does not match" },
  lessThan: { one: "is below", many: "is below one of", not: "is not below" },
  lessThanOrEqual: { one: "is at most", many: "is at most one of", not: "is above" },
  greaterThan: { one: "is above", many: "is above one of", not: "is not above" },
  greaterThanOrEqual: { one: "is at least", many: "is at least one of", not: "is below" },
  before: { one: "is before", many: "is before one of", not: "is not before" },
  after: { one: "is after", many: "is after one of", not: "is not after" },
  semVerEqual: { one: "is version", many: "is one of the versions", not: "is not version" },
  semVerLessThan: { one: "is a version before", many: "is a version before one of", not: "is not a version before" },
  semVerGreaterThan: { one: "is a version after", many: "is a version after one of", not: "is not a version after" },
  segmentMatch: { one: "is in segment", many: "is in one of the segments", not: "is not in segment" },
};

const listedMax = 8;
export function listText(values: readonly unknown[], most = listedMax): string {
  const shown = values.slice(0, most).map(String).join(", ");
  return values.length > most ? `${shown} and ${count(values.length - most)} more` : shown;
}

export function clauseText(clause: FlagClause): string {
  const kind = clause.contextKind && clause.contextKind !== "user" ? `${clause.contextKind} ` : "";
  const words = opWords[clause.op];
  const what = clause.op === "segmentMatch" ? (kind.trim() || "the user") : `${kind}${clause.attribute || "key"}`;
  const how = words ? (clause.negate ? words.not : clause.values.length > 1 ? words.many : words.one) : `${clause.negate ? "not " : ""}${clause.op}`;
  return `${what} ${how} ${listText(clause.values)}`;
}

export function clausesText(clauses: readonly FlagClause[]): string { return clauses.map(clauseText).join(" and "); }

/** The whole flag, a line for each thing it says. What two versions differ in is what lines they differ in. */
export function describe(flag: Flag | null): string[] {
  if (flag === null) return [];
  const lines = [flag.on ? "on" : "off"];
  for (const one of flag.prerequisites ?? []) lines.push(`only when flag ${one.key} serves variation ${one.variation}`);
  for (const one of [...(flag.targets ?? []), ...(flag.contextTargets ?? [])]) {
    const kind = one.contextKind && one.contextKind !== "user" ? `${one.contextKind} ` : "";
    if (one.values.length > 0) lines.push(`${variationText(flag, one.variation)} for ${kind}${listText(one.values, 200)}`);
  }
  for (const rule of flag.rules ?? []) lines.push([`if ${clausesText(rule.clauses)}: ${serveText(flag, rule)}`, bucketText(rule)].filter(Boolean).join(" "));
  lines.push([`${targeted(flag) ? "everybody else" : "everybody"}: ${serveText(flag, flag.fallthrough)}`, bucketText(flag.fallthrough)].filter(Boolean).join(" "));
  lines.push(`when off: ${variationText(flag, flag.offVariation)}`);
  flag.variations.forEach((value, at) => {
    const text = typeof value === "string" ? value : JSON.stringify(value, null, 1);
    const [first = "", ...rest] = text.split("\n");
    lines.push(`variation ${at}: ${first}`, ...rest.map((line) => `  ${line}`));
  });
  return lines;
}

export interface DiffLine { sign: " " | "-" | "+"; text: string }
const diffCellsMax = 1_000_000;

/** What has to go and come to make `after` of `before`, without the lines that stay. */
export function differenceOf(before: readonly string[], after: readonly string[]): DiffLine[] {
  if (before.length * after.length > diffCellsMax) return [...before.map((text): DiffLine => ({ sign: "-", text })), ...after.map((text): DiffLine => ({ sign: "+", text }))];
  const width = after.length + 1;
  const longest = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; --i) for (let j = after.length - 1; j >= 0; --j) {
    longest[i * width + j] = before[i] === after[j] ? (longest[(i + 1) * width + j + 1] ?? 0) + 1 : Math.max(longest[(i + 1) * width + j] ?? 0, longest[i * width + j + 1] ?? 0);
  }
  const lines: DiffLine[] = [];
  let i = 0, j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) { ++i; ++j; }
    else if (j >= after.length || (i < before.length && (longest[(i + 1) * width + j] ?? 0) >= (longest[i * width + j + 1] ?? 0))) lines.push({ sign: "-", text: before[i++] ?? "" });
    else lines.push({ sign: "+", text: after[j++] ?? "" });
  }
  return lines;
}

export function segmentText(segment: Segment): string {
  const included = (segment.included?.length ?? 0) + (segment.includedContexts ?? []).reduce((sum, one) => sum + one.values.length, 0);
  const excluded = (segment.excluded?.length ?? 0) + (segment.excludedContexts ?? []).reduce((sum, one) => sum + one.values.length, 0);
  const rules = segment.rules?.length ?? 0;
  const parts = [included > 0 ? `${count(included)} named` : "", rules > 0 ? several(rules, "rule") : "", excluded > 0 ? `${count(excluded)} kept out` : ""].filter(Boolean);
  return parts.length === 0 ? "nobody" : parts.join(", ");
}

/** A segment, a line for each thing it says; the first that fits decides. */
export function describeSegment(segment: Segment): { who: string; then: string }[] {
  const lines: { who: string; then: string }[] = [];
  const named = (values: readonly string[], kind: string | undefined, then: string) => {
    if (values.length > 0) lines.push({ who: `${kind && kind !== "user" ? `${kind} ` : ""}${listText(values, 200)}`, then });
  };
  named(segment.included ?? [], undefined, "in");
  for (const one of segment.includedContexts ?? []) named(one.values, one.contextKind, "in");
  named(segment.excluded ?? [], undefined, "not in");
  for (const one of segment.excludedContexts ?? []) named(one.values, one.contextKind, "not in");
  for (const rule of segment.rules ?? []) lines.push({ who: `if ${clausesText(rule.clauses)}`, then: rule.weight === undefined ? "in" : `${percent(rule.weight / 1000)} are in` });
  lines.push({ who: "everybody else", then: "not in" });
  return lines;
}
