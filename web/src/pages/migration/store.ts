import { client } from "../../api/client";
import type { Marker, Migration } from "../../api/types";
import { type Grid, gridOf } from "../../charts/grid";
import { timeOf } from "../../format";
import { loading, PageStore, type Remote } from "../../state/store";
import { resolveRange, type TimeRange } from "../../state/time_range";

export interface Story { grid: Grid; markers: Marker[]; start_time: number; end_time: number }

interface State {
  range: TimeRange;
  migration: Remote<Migration>;
  /** The four charts come from one question: modes over time. */
  story: Remote<Story>;
  /** The durations of both services, when somebody looks at those. */
  services: Remote<Story>;
  whose: Whose;
  /** When the last request was, in milliseconds; null when there was none in a week. */
  lastRequest: Remote<number | null>;
}

/** Whose latency the charts show: what users waited for, or what each service took. */
export type Whose = "users" | "services";

const refreshSeconds = 10;

export class MigrationStore extends PageStore<State> {
  constructor(readonly name: string) { super({ range: {}, migration: loading, story: loading, services: loading, whose: "users", lastRequest: loading }); }

  override start(): void {
    this.refresh();
    this.every(refreshSeconds, () => this.refresh());
  }

  look(range: TimeRange): void {
    if (JSON.stringify(range) === JSON.stringify(this.state.range)) return;
    this.set({ range });
    this.loadCharts();
  }

  lookAt(whose: Whose): void {
    this.set({ whose });
    if (whose === "services") void this.loadServices();
  }

  refresh(): void {
    void this.fetch("migration", (signal) => client.migration(this.name, {}, signal));
    void this.fetch("lastRequest", async (signal) => {
      const { events } = await client.events("evaluations", { time_range: 604_800, filters: [this.ours()] }, { columns: ["evaluation.mode"], limit: 1 }, signal);
      return events[0] ? timeOf(events[0].time) : null;
    });
    this.loadCharts();
  }

  private ours() { return { column: "evaluation.migration", op: "=", value: this.name }; }

  private loadCharts(): void {
    void this.loadStory();
    if (this.state.whose === "services") void this.loadServices();
  }

  private loadServices(): Promise<void> {
    return this.fetch("services", async (signal) => {
      const time = await resolveRange(this.state.range, "evaluations", signal);
      const calculations = ["P50", "P99"].flatMap((op) => ["control.duration_ms", "candidate.duration_ms"].map((column) => ({ op, column })));
      const [answer, { markers }] = await Promise.all([
        client.query("evaluations", { ...time, calculations, filters: [this.ours()] }, signal),
        client.markers({ from: time.start_time, until: time.end_time, limit: 200 }, signal),
      ]);
      return { grid: gridOf(answer), markers, ...time };
    });
  }

  private loadStory(): Promise<void> {
    return this.fetch("story", async (signal) => {
      const time = await resolveRange(this.state.range, "evaluations", signal);
      const [answer, markers] = await Promise.all([
        client.query("evaluations", {
          ...time,
          breakdowns: ["evaluation.mode"],
          calculations: [
            { op: "COUNT" }, { op: "AVG", column: "success" }, { op: "AVG", column: "served.success" },
            { op: "P50", column: "duration_ms" }, { op: "P99", column: "duration_ms" },
          ],
          filters: [this.ours()],
        }, signal),
        client.markers({ from: time.start_time, until: time.end_time, limit: 200 }, signal),
      ]);
      return { grid: gridOf(answer), markers: markers.markers, ...time };
    });
  }
}
