import { client } from "../../api/client";
import type { Flag, FlagChange, ModeState, Segment } from "../../api/types";
import { loading, PageStore, type Remote } from "../../state/store";
import { kindOf, migrationOf } from "./words";

export interface ListedFlag { flag: Flag; changed?: { time: string; by: string; comment: string } }

const refreshSeconds = 20;
const flagsMax = 500;
/** Who changed a flag last is asked for one flag at a time, for so many. */
const changesMax = 60;

interface ListState { flags: Remote<{ flags: ListedFlag[]; total: number }>; segments: Remote<{ segments: Segment[]; total: number }> }

export class FlagListStore extends PageStore<ListState> {
  /** The last change of a version does not change: it is asked for once. */
  private readonly known = new Map<string, { version: number; change: Promise<FlagChange | undefined> }>();

  constructor() { super({ flags: loading, segments: loading }); }

  override start(): void {
    this.refresh();
    this.every(refreshSeconds, () => this.refresh());
  }

  refresh(): void {
    void this.fetch("flags", async (signal) => {
      const list = await client.flags({ limit: flagsMax }, signal);
      const changes = await Promise.all(list.flags.slice(0, changesMax).map((flag) => this.lastChange(flag)));
      return {
        total: list.total,
        flags: list.flags.map((flag, at) => {
          const change = changes[at];
          return { flag, ...(change ? { changed: { time: change.time, by: change.by, comment: change.comment } } : {}) };
        }),
      };
    });
    void this.fetch("segments", (signal) => client.segments({ limit: flagsMax }, signal));
  }

  private lastChange(flag: Flag): Promise<FlagChange | undefined> {
    const known = this.known.get(flag.key);
    if (known?.version === flag.version) return known.change;
    const change = client.flagHistory(flag.key, { limit: 1 }).then((answer) => answer.history[0], () => { this.known.delete(flag.key); return undefined; });
    this.known.set(flag.key, { version: flag.version, change });
    return change;
  }
}

interface State { flag: Remote<Flag>; history: Remote<{ changes: FlagChange[]; more: boolean }>; mode: Remote<ModeState | null> }

const page = 20;

export class FlagStore extends PageStore<State> {
  private shown = page;

  constructor(readonly key: string) { super({ flag: loading, history: loading, mode: loading }); }

  override start(): void {
    this.refresh();
    this.every(refreshSeconds, () => this.refresh());
  }

  refresh(): void {
    void this.fetch("flag", (signal) => client.flag(this.key, signal));
    // Which mix a migration runs with is for the server to say; a flag that only looks like one has none.
    void this.fetch("mode", async (signal) => {
      const flag = await client.flag(this.key, signal);
      return kindOf(flag) === "mode" ? client.mode(migrationOf(flag), signal).catch(() => null) : null;
    });
    this.loadHistory();
  }

  older(): void {
    this.shown = Math.min(200, this.shown + 40);
    this.loadHistory();
  }

  private loadHistory(): void {
    const limit = this.shown;
    void this.fetch("history", async (signal) => {
      const { history } = await client.flagHistory(this.key, { limit }, signal);
      return { changes: history, more: history.length === limit && limit < 200 };
    });
  }
}
