import { ApiError, client } from "../../api/client";
import type { Board, BoardContent, BoardPanel } from "../../api/types";
import { loading, PageStore, type Remote } from "../../state/store";
import { lastBy } from "../../ui/change";

/** A panel with a name of its own while the board is edited, so that it can be moved. */
export interface DraftPanel { id: number; panel: BoardPanel }
export interface Draft { name: string; description: string; panels: DraftPanel[]; version: number }

interface ListState { boards: Remote<Board[]> }
export class BoardListStore extends PageStore<ListState> {
  constructor() { super({ boards: loading }); }
  override start(): void { void this.fetch("boards", async (signal) => (await client.boards(signal)).boards); }
}

interface State { board: Remote<Board>; draft: Draft | undefined; saving: boolean; problem: string; conflict: Board | undefined }

const refreshSeconds = 30;

function contentOf(draft: Draft): BoardContent {
  return { name: draft.name.trim(), description: draft.description, panels: draft.panels.map((one) => one.panel) };
}

/** What was being edited survives another page in the same tab, and a reload. */
const kept = {
  name: (id: string) => `understudy.board.${id}`,
  read(id: string): Draft | undefined {
    try {
      const text = sessionStorage.getItem(this.name(id));
      return text === null ? undefined : (JSON.parse(text) as Draft);
    } catch { return undefined; }
  },
  write(id: string, draft: Draft | undefined): void {
    try {
      if (draft === undefined) sessionStorage.removeItem(this.name(id));
      else sessionStorage.setItem(this.name(id), JSON.stringify(draft));
    } catch { /* it then lives as long as the page */ }
  },
};

/** One board; while it is edited, the changes stay here until they are saved together. */
export class BoardStore extends PageStore<State> {
  private nextId = 1;

  constructor(readonly id: string) {
    super({ board: loading, draft: kept.read(id), saving: false, problem: "", conflict: undefined });
    this.nextId = 1 + Math.max(0, ...(this.state.draft?.panels ?? []).map((one) => one.id));
  }

  override start(): void {
    this.refresh();
    this.every(refreshSeconds, () => { if (!this.state.draft) this.refresh(); });
  }

  refresh(): void { void this.fetch("board", (signal) => client.board(this.id, signal)); }

  edit(board: Board): void {
    this.setDraft({ name: board.name, description: board.description ?? "", version: board.version, panels: board.panels.map((panel) => ({ id: this.nextId++, panel })) });
  }

  change(part: Partial<Draft>): void { if (this.state.draft) this.setDraft({ ...this.state.draft, ...part }); }

  add(panel: BoardPanel): void { this.change({ panels: [...(this.state.draft?.panels ?? []), { id: this.nextId++, panel }] }); }

  replace(id: number, panel: BoardPanel): void { this.change({ panels: (this.state.draft?.panels ?? []).map((one) => (one.id === id ? { id, panel } : one)) }); }

  remove(id: number): void { this.change({ panels: (this.state.draft?.panels ?? []).filter((one) => one.id !== id) }); }

  /** Puts a panel at a place, counted from 0; the others keep their order. */
  move(id: number, to: number): void {
    const panels = [...(this.state.draft?.panels ?? [])], from = panels.findIndex((one) => one.id === id);
    const [moved] = from < 0 ? [] : panels.splice(from, 1);
    if (!moved) return;
    panels.splice(Math.max(0, Math.min(panels.length, to)), 0, moved);
    this.change({ panels });
  }

  discard(): void {
    this.setDraft(undefined);
    this.set({ problem: "", conflict: undefined });
    this.refresh();
  }

  /** Saves over the version the editing began with, or over `version` when that was looked at since. */
  async save(version?: number): Promise<void> {
    const { draft } = this.state;
    if (!draft) return;
    this.set({ saving: true, problem: "" });
    try {
      const board = await client.putBoard(this.id, contentOf(draft), { expected_version: version ?? draft.version, by: lastBy() });
      this.setDraft(undefined);
      this.set({ board: { kind: "ready", value: board }, conflict: undefined });
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) {
        const theirs = await client.board(this.id).catch(() => undefined);
        if (theirs) this.set({ conflict: theirs });
        else this.set({ problem: error.message });
      } else this.set({ problem: error instanceof Error ? error.message : String(error) });
    }
    this.set({ saving: false });
  }

  private setDraft(draft: Draft | undefined): void {
    kept.write(this.id, draft);
    this.set({ draft });
  }
}

export function titleOf(panel: BoardPanel): string {
  switch (panel.type) {
    case "query": return panel.title || `${panel.dataset}: ${(panel.query.calculations ?? [{ op: "COUNT" }]).map((one) => (one.column ? `${one.op}(${one.column})` : one.op)).join(", ")}`;
    case "text": return (panel.text.split("\n").find((line) => line.trim() !== "") ?? "Text").replace(/^#+\s*/, "").slice(0, 60);
    case "criteria": return `Criteria of ${panel.migration}`;
  }
}

/** What `mine` has that `theirs` has not, and the other way round, by what one reads on the panels. */
export function differs(theirs: BoardContent, mine: BoardContent): { onlyTheirs: string[]; onlyMine: string[] } {
  const texts = (board: BoardContent) => new Map<string, string>([[`name ${board.name}`, `the name “${board.name}”`], [`description ${board.description ?? ""}`, `the description “${board.description ?? ""}”`],
    ...board.panels.map((panel): [string, string] => [JSON.stringify(panel), `the panel “${titleOf(panel)}”`])]);
  const a = texts(theirs), b = texts(mine);
  const only = (of: Map<string, string>, without: Map<string, string>) => [...of].filter(([key]) => !without.has(key)).map(([, text]) => text);
  return { onlyTheirs: only(a, b), onlyMine: only(b, a) };
}
