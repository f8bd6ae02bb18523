import { client } from "../../api/client";
import type { Marker, Migration } from "../../api/types";
import { type Grid, gridOf } from "../../charts/grid";
import { loading, PageStore, type Remote } from "../../state/store";
import { resolveRange, type TimeRange } from "../../state/time_range";

export interface Story { grid: Grid; markers: Marker[]; start_time: number; end_time: number }

interface State {
  range: TimeRange;
  migration: Remote<Migration>;
  /** The four charts come from one question: modes over time. */
  story: Remote<Story>;
}

const refreshSeconds = 10;

export class MigrationStore extends PageStore<State> {
  constructor(readonly name: string) { super({ range: {}, migration: loading, story: loading }); }

  override start(): void {
    this.refresh();
    this.every(refreshSeconds, () => this.refresh());
  }

  look(range: TimeRange): void {
    if (JSON.stringify(range) === JSON.stringify(this.state.range)) return;
    this.set({ range });
    void this.loadStory();
  }

  refresh(): void {
    void this.fetch("migration", (signal) => client.migration(this.name, {}, signal));
    void this.loadStory();
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
          filters: [{ column: "evaluation.migration", op: "=", value: this.name }],
        }, signal),
        client.markers({ from: time.start_time, until: time.end_time, limit: 200 }, signal),
      ]);
      return { grid: gridOf(answer), markers: markers.markers, ...time };
    });
  }
}
