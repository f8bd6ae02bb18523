// What rules that are in force have to do with a group of differences.
import { client } from "../../api/client";
import type { Json } from "../../api/json";
import type { Differences, FlagChange, RulePreview } from "../../api/types";
import { timeOf } from "../../format";

/** A rule in force that accepts differences of a group; `since` is undefined when the history does not go back that far. */
export interface InForce { text: string; since?: number; accepted: number; count: number }

export interface Place { route: string; path: string; dimension: string; explanation: string }

const previewsMax = 5;

/** A rule with its members in one order, so that two ways to write it are the same text. */
export function sameText(rule: unknown): string {
  if (Array.isArray(rule)) return `[${rule.map(sameText).join()}]`;
  if (typeof rule !== "object" || rule === null) return JSON.stringify(rule);
  return `{${Object.entries(rule).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${JSON.stringify(name)}:${sameText(value)}`).join()}}`;
}

function steps(path: string): string[] { return path.match(/\.\.|\[(?:'[^']*'|"[^"]*"|[^\]])*\]|[^.[]+/g) ?? []; }

/** Whether a rule could be about a place. It is asked of the server, too: this only saves questions. */
export function mayCover(rulePath: string, place: string): boolean {
  if (rulePath === place || rulePath.includes("..")) return true;
  const rule = steps(rulePath), own = steps(place);
  return rule.length <= own.length && rule.every((step, at) => step === own[at] || step === "[*]" || step === "*" || own[at]?.startsWith("[") === true);
}

function holds(flag: FlagChange["to"], wanted: string): boolean {
  const found = (value: Json | undefined): boolean => {
    if (typeof value !== "object" || value === null) return false;
    return sameText(value) === wanted || Object.values(value).some((one) => found(one as Json));
  };
  return flag !== null && flag.variations.some(found);
}

/** When the newest change was made that brought a rule; `history` has the newest change first. */
export function inForceSince(history: readonly FlagChange[], rule: unknown): number | undefined {
  const wanted = sameText(rule);
  const change = history.find((one) => holds(one.to, wanted) && !holds(one.from, wanted));
  return change ? timeOf(change.time) : undefined;
}

function acceptedOf(preview: RulePreview, place: Place): { accepted: number; count: number } | undefined {
  return preview.groups.find((one) => (one.route ?? "") === place.route && one.path === place.path && one.dimension === place.dimension && one.explanation === place.explanation);
}

interface Rule { text: string; rule: { path?: unknown } }

export function parsedRules(rules: Differences["rules"]): Rule[] {
  return rules.flatMap((one) => {
    try { return one.rule === undefined ? [] : [{ text: one.rule, rule: JSON.parse(one.rule) as Rule["rule"] }]; } catch { return []; }
  });
}

function rulesOf(flag: FlagChange["to"] | undefined): Rule[] {
  const served = flag?.variations[(flag.on ? flag.fallthrough?.variation : flag.offVariation) ?? 0];
  const rules = typeof served === "object" && served !== null && !Array.isArray(served) ? served["rules"] : undefined;
  return Array.isArray(rules) ? rules.flatMap((rule) => (typeof rule === "object" && rule !== null && !Array.isArray(rule) ? [{ text: JSON.stringify(rule), rule }] : [])) : [];
}

/** The rules in force that accept some of a group, as the comparison's own matching has it. */
export async function rulesFor(migration: string, rules: Differences["rules"], place: Place, last: string | undefined, signal: AbortSignal): Promise<InForce[]> {
  const { history } = await client.flagHistory(`${migration}.compare`, { limit: 50 }, signal).catch(() => ({ history: [] }));
  // A rule that was just added is in the flag before the next comparison has taken it up.
  const known = new Map([...parsedRules(rules), ...rulesOf(history[0]?.to)].map((one) => [sameText(one.rule), one]));
  const parsed = [...known.values()].filter(({ rule }) => typeof rule.path === "string" && mayCover(rule.path, place.path)).slice(0, previewsMax);
  const found = await Promise.all(parsed.map(async ({ text, rule }): Promise<InForce[]> => {
    const seen = acceptedOf(await client.previewRule(migration, text, last, signal), place);
    const since = inForceSince(history, rule);
    return seen && seen.accepted > 0 ? [{ text, ...(since === undefined ? {} : { since }), accepted: seen.accepted, count: seen.count }] : [];
  }));
  return found.flat().sort((a, b) => b.accepted - a.accepted);
}
