import { client } from "../../api/client";
import type { Marker } from "../../api/types";
import { type Grid, gridOf } from "../../charts/grid";
import { timeOf } from "../../format";
import { loading, PageStore, type Remote } from "../../state/store";
import { resolveRange, type TimeRange } from "../../state/time_range";

export interface Axis { grid: Grid; markers: Marker[]; more: boolean; start_time: number; end_time: number }

interface State { range: TimeRange; axis: Remote<Axis> }

const markersMax = 500;
const refreshSeconds = 15;

export class MarkersStore extends PageStore<State> {
  constructor(range: TimeRange) { super({ range, axis: loading }); }

  override start(): void {
    this.refresh();
    this.every(refreshSeconds, () => this.refresh());
  }

  look(range: TimeRange): void {
    if (JSON.stringify(range) === JSON.stringify(this.state.range)) return;
    this.set({ range });
    this.refresh();
  }

  /** Markers in the traffic of their time. Without a choice of time: all of them. */
  refresh(): void {
    void this.fetch("axis", async (signal) => {
      const { range } = this.state;
      const time = await resolveRange(range, "evaluations", signal);
      const chosen = range.last !== undefined || range.from !== undefined;
      const { markers } = await client.markers(chosen ? { from: time.start_time, until: time.end_time, limit: markersMax } : { limit: markersMax }, signal);
      const times = markers.map((one) => timeOf(one.time) / 1000);
      const window = chosen ? time : around(time, times);
      const answer = await client.query("evaluations", { ...window, calculations: [{ op: "COUNT" }] }, signal);
      return { grid: gridOf(answer), markers, more: markers.length === markersMax, ...window };
    });
  }
}

/** A window that has all of them in it, with room for the last one's sign. */
function around(time: { start_time: number; end_time: number }, times: readonly number[]): { start_time: number; end_time: number } {
  const start = Math.floor(Math.min(time.start_time, ...times)), end = Math.ceil(Math.max(time.end_time, ...times));
  return { start_time: start, end_time: end + Math.max(2, Math.ceil((end - start) / 50)) };
}
