import { client } from "../api/client";
import type { MigrationSummary } from "../api/types";
import { loading, PageStore, type Remote } from "./store";

interface State { list: Remote<MigrationSummary[]>; chosen: string }

/** The migrations there are, and the one that was looked at last: the bar's links lead to it. */
export class MigrationsStore extends PageStore<State> {
  constructor() { super({ list: loading, chosen: "" }); }

  override start(): void {
    void this.fetch("list", async (signal) => (await client.migrations(signal)).migrations);
  }

  choose(name: string): void {
    if (name !== this.state.chosen) this.set({ chosen: name });
  }

  /** The name links use: the one looked at, else the first. */
  current(): string | undefined {
    if (this.state.chosen !== "") return this.state.chosen;
    return this.state.list.kind === "ready" ? this.state.list.value[0]?.name : undefined;
  }
}

export const migrations = new MigrationsStore();
