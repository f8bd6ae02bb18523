import { client, type Parameters } from "../../api/client";
import type { Differences, RulePreview } from "../../api/types";
import { groupKey, gridOf, type Values } from "../../charts/grid";
import { timeOf } from "../../format";
import { loading, PageStore, type Remote, valueOf } from "../../state/store";
import { resolveRange, seconds, type TimeRange } from "../../state/time_range";
import { type InForce, rulesFor } from "./in_force";

export interface Chosen { route: string; path: string; dimension: string; explanation: string }

interface State {
  range: TimeRange;
  chosen: Chosen | null;
  groups: Remote<Differences>;
  /** Examples of the chosen group. */
  examples: Remote<Differences>;
  /** Counts over time by groupKey of route, path, dimension and explanation. */
  trends: Remote<ReadonlyMap<string, Values>>;
  preview: Remote<RulePreview> | null;
  /** Rules in force that accept some of the chosen group. */
  inForce: Remote<InForce[]>;
  /** Answers that differed only in what the rules accept, where the rules are applied in a client library. */
  ignored: Remote<Ignored>;
}

export interface Ignored { ignored: number; compared: number }

const groupColumns = ["http.route", "difference.path_pattern", "difference.dimension", "difference.explanation"];

export function trendKey(group: { route?: string; path: string; dimension: string; explanation: string }): string {
  return groupKey({ "http.route": group.route ?? null, "difference.path_pattern": group.path, "difference.dimension": group.dimension, "difference.explanation": group.explanation }, groupColumns);
}

export class DifferencesStore extends PageStore<State> {
  constructor(readonly migration: string) {
    super({ range: {}, chosen: null, groups: loading, examples: loading, trends: loading, preview: null, inForce: loading, ignored: loading });
  }

  override start(): void {
    this.refresh();
    this.every(15, () => this.refresh());
  }

  look(range: TimeRange, chosen: Chosen | null): void {
    const before = this.state;
    if (JSON.stringify(range) !== JSON.stringify(before.range)) {
      this.set({ range });
      this.refresh();
    }
    if (JSON.stringify(chosen) !== JSON.stringify(this.state.chosen)) {
      this.set({ chosen, examples: loading, preview: null, inForce: loading });
      this.loadExamples();
      this.loadInForce();
    }
  }

  refresh(): void {
    void this.fetch("groups", (signal) => client.differences(this.migration, { ...this.window(), groups: 200, limit: 0 }, signal)).then(() => {
      if (valueOf(this.state.groups)?.rules.some((one) => typeof one.hits !== "number")) this.loadIgnored();
    });
    void this.fetch("trends", async (signal) => {
      // From the first difference on: a trend of nothing but silence says nothing.
      const [asked, all] = await Promise.all([resolveRange(this.state.range, "differences", signal), resolveRange({}, "differences", signal)]);
      const start_time = Math.max(asked.start_time, all.start_time);
      const time = { start_time, end_time: Math.max(start_time + 15, Math.min(asked.end_time, all.end_time)) };
      const answer = await client.query("differences", { ...time, breakdowns: groupColumns, calculations: [{ op: "COUNT" }], filters: [{ column: "evaluation.migration", op: "=", value: this.migration }], limit: 200 }, signal);
      return new Map(gridOf(answer).groups.map((group) => [group.key, group.values["COUNT"] ?? []]));
    });
    this.loadExamples();
  }

  private window(): Parameters {
    const { range } = this.state;
    if (range.last !== undefined) return { last: range.last };
    return range.from === undefined ? {} : { since: range.from };
  }

  private loadExamples(): void {
    const { chosen } = this.state;
    if (chosen) void this.fetch("examples", (signal) => client.differences(this.migration, { ...this.window(), ...chosen, groups: 0, limit: 20 }, signal));
  }

  /** What the rules in force have to do with the chosen group; asked when it is chosen and when a rule was added. */
  loadInForce(): void {
    const { chosen, range, groups } = this.state;
    if (!chosen) return;
    void this.fetch("inForce", async (signal) => {
      const { rules } = valueOf(groups) ?? await client.differences(this.migration, { groups: 0, limit: 0 }, signal);
      return rulesFor(this.migration, rules, chosen, range.last, signal);
    });
  }

  private loadIgnored(): void {
    void this.fetch("ignored", async (signal) => {
      const { range } = this.state, end_time = Math.ceil(Date.now() / 1000);
      let start_time = range.from ?? end_time - (seconds(range.last ?? "") ?? 86_400);
      if (range.last === undefined && range.from === undefined) {
        const { verdict } = await client.migration(this.migration, {}, signal);
        if ("window" in verdict) start_time = Math.min(Math.floor(timeOf(verdict.window.start) / 1000), end_time - 1);
      }
      const { data } = await client.query("evaluations", {
        start_time, end_time, breakdowns: ["comparison.outcome"], calculations: [{ op: "COUNT" }], disable_series: true,
        filters: [{ column: "evaluation.migration", op: "=", value: this.migration }, { column: "comparison.outcome", op: "in", value: ["match", "ignored", "mismatch"] }],
      }, signal);
      const counts = new Map(data.results.map((one) => [one.data["comparison.outcome"], Number(one.data["COUNT"])]));
      return { ignored: counts.get("ignored") ?? 0, compared: [...counts.values()].reduce((sum, one) => sum + one, 0) };
    });
  }

  /** How many of the differences of the window a rule would have accepted. */
  preview(rule: unknown): void {
    const before = this.state.preview ?? loading;
    void this.requests.load<RulePreview>("preview", before, (preview) => this.set({ preview }), (signal) => client.previewRule(this.migration, rule, this.state.range.last, signal));
  }

  forgetPreview(): void { this.set({ preview: null }); }

  group() {
    const { chosen, groups } = this.state;
    return chosen ? valueOf(groups)?.groups.find((one) => (one.route ?? "") === chosen.route && one.path === chosen.path && one.dimension === chosen.dimension && one.explanation === chosen.explanation) : undefined;
  }
}
