import { client } from "../../api/client";
import type { BubbleUp, Column, Dataset, EventsAnswer, Marker, QueryAnswer, QuerySpec } from "../../api/types";
import type { Suggestion } from "../../ui/suggest";
import { fitting } from "../../ui/suggest";
import { navigate } from "../../state/location";
import { loading, PageStore, type Remote, valueOf } from "../../state/store";
import { resolveRange } from "../../state/time_range";
import { type Problem, problemOf } from "./problem";
import { complete, groupFilters, hrefOf, type Question, type Selection, type View } from "./spec";

export interface Answered { answer: QueryAnswer; markers: Marker[] }

interface State {
  question: Question;
  /** What the builder shows; it becomes the question when it is asked. */
  draft: QuerySpec;
  answered: Remote<Answered>;
  events: Remote<EventsAnswer>;
  bubbleUp: Remote<BubbleUp>;
  columns: Remote<Column[]>;
  datasets: Remote<Dataset[]>;
}

export class ExploreStore extends PageStore<State> {
  private asked = "";

  constructor(question: Question) {
    super({ question, draft: question.spec, answered: loading, events: loading, bubbleUp: loading, columns: loading, datasets: loading });
  }

  override start(): void {
    void this.fetch("datasets", async (signal) => (await client.datasets(signal)).datasets);
    void this.fetch("columns", async (signal) => (await client.columns(this.state.question.dataset, signal)).columns);
    this.ask();
  }

  /** The address has changed: shows what it asks. */
  look(question: Question): void {
    if (hrefOf(question) === hrefOf(this.state.question)) return;
    this.set({ question, draft: question.spec });
    this.ask();
  }

  draft(change: Partial<QuerySpec>): void { this.set({ draft: { ...this.state.draft, ...change } }); }

  get changed(): boolean { return JSON.stringify(complete(this.state.draft)) !== JSON.stringify(complete(this.state.question.spec)); }

  /** What the server refused in the question as it stands. */
  get problem(): Problem | undefined {
    const { question, answered, events } = this.state;
    const asked = question.view === "raw" ? events : answered;
    return asked.kind === "failed" ? problemOf(asked.error) : undefined;
  }

  /** Whether that is about this part of the builder, which must still be what was asked. */
  refused(part: string, at?: number): boolean {
    const { problem } = this;
    return problem?.part === part && problem.at === at && !this.changed;
  }

  /** Puts the question into the address, which asks it; the same one is asked again. */
  run(change: { spec?: QuerySpec; view?: View; selection?: Selection | null } = {}): void {
    const { question, draft } = this.state;
    const { selection: before, ...rest } = question;
    const selection = change.selection === undefined ? (change.spec ? undefined : before) : (change.selection ?? undefined);
    const next: Question = { ...rest, spec: complete(change.spec ?? draft), view: change.view ?? question.view, ...(selection ? { selection } : {}) };
    if (hrefOf(next) === location.pathname + location.search) { this.asked = ""; this.ask(); }
    else navigate(hrefOf(next));
  }

  private ask(): void {
    const { question } = this.state;
    const key = JSON.stringify([question.dataset, question.spec, question.view === "raw"]);
    if (key !== this.asked) {
      this.asked = key;
      if (question.view === "raw") void this.askEvents();
      else void this.askQuery();
    }
    if (question.selection && question.view === "heatmap") void this.askBubbleUp(question.selection);
  }

  private async withTime(spec: QuerySpec, signal: AbortSignal): Promise<QuerySpec> {
    if (spec.time_range !== undefined || spec.start_time !== undefined || spec.end_time !== undefined) return spec;
    return { ...spec, ...(await resolveRange({}, this.state.question.dataset, signal)) };
  }

  private askQuery(): Promise<void> {
    const { dataset, spec } = this.state.question;
    return this.fetch("answered", async (signal) => {
      const answer = await client.query(dataset, await this.withTime(complete(spec), signal), signal, { keep: true });
      const { markers } = await client.markers({ from: answer.query.start_time, until: answer.query.end_time, limit: 200 }, signal);
      return { answer, markers };
    });
  }

  private askEvents(): Promise<void> {
    const { dataset, spec } = this.state.question;
    return this.fetch("events", async (signal) => {
      // Events have no groups and no numbers over them: only what chooses them is asked.
      const { filters, filter_combination, start_time, end_time, time_range, calculated_fields } = await this.withTime(complete(spec), signal);
      const chosen = Object.fromEntries(Object.entries({ filters, filter_combination, start_time, end_time, time_range, calculated_fields }).filter(([, value]) => value !== undefined)) as QuerySpec;
      return client.events(dataset, chosen, { limit: 100 }, signal);
    });
  }

  private askBubbleUp(selection: Selection): Promise<void> {
    const { dataset, spec } = this.state.question;
    return this.fetch("bubbleUp", async (signal) => {
      const { filters, filter_combination, start_time, end_time, time_range, calculated_fields } = await this.withTime(complete(spec), signal);
      const { group, ...rectangle } = selection;
      // What was marked in the heatmap of a group is compared within that group.
      const within = group !== undefined && filter_combination !== "OR" ? [...(filters ?? []), ...groupFilters(spec.breakdowns ?? [], group)] : filters;
      const query = Object.fromEntries(Object.entries({ filters: within, filter_combination, start_time, end_time, time_range, calculated_fields }).filter(([, value]) => value !== undefined)) as QuerySpec;
      return client.bubbleUp({ dataset, query, selection: rectangle, limit: 20 }, signal);
    });
  }

  column(name: string): Column | undefined { return valueOf(this.state.columns)?.find((one) => one.name === name); }

  suggestColumns(typed: string): Suggestion[] {
    const own = (this.state.draft.calculated_fields ?? []).filter((one) => one.name !== "").map((one) => ({ value: one.name, about: "calculated here" }));
    const known = (valueOf(this.state.columns) ?? []).map((one) => ({ value: one.name, about: one.meaning ?? one.types.join(", ") }));
    return fitting([...own, ...known], typed, 200);
  }

  /** The values of a column that there are most of. */
  async suggestValues(column: string, typed: string, signal: AbortSignal): Promise<Suggestion[]> {
    if (column === "") return [];
    const { dataset } = this.state.question;
    const found = await client.columnValues(dataset, column, typed, signal);
    return found.values.map((one) => ({ value: String(one.value), about: one.count.toLocaleString("en-US") }));
  }
}
