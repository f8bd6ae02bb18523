import { useEffect, useState } from "preact/hooks";
import { client } from "../../api/client";
import type { Board, BoardPanel, Migration } from "../../api/types";
import { ago, several, timeOf } from "../../format";
import { navigate, paths, place } from "../../state/location";
import { loading, PageStore, type Remote, usePageStore, useStore, valueOf } from "../../state/store";
import { rangeOf, type TimeRange } from "../../state/time_range";
import { ChangeDialog, lastBy } from "../../ui/change";
import { Markdown } from "../../ui/markdown";
import { Empty, Failed, Loaded, Loading, PageHead } from "../../ui/parts";
import { TimeRangeChoice } from "../../ui/time_range";
import { CriteriaPanel, VerdictStrip } from "../migration/evidence";
import { EditBoard } from "./edit";
import { QueryPanelView } from "./query_panel";
import { BoardStore, titleOf } from "./store";

class CriteriaStore extends PageStore<{ migration: Remote<Migration> }> {
  constructor(private readonly name: string) { super({ migration: loading }); }
  override start(): void { this.refresh(); this.every(30, () => this.refresh()); }
  refresh(): void { void this.fetch("migration", (signal) => client.migration(this.name, {}, signal)); }
}

function CriteriaView(props: { migration: string }) {
  const store = usePageStore(() => new CriteriaStore(props.migration), [props.migration]);
  return <section class="board-criteria" aria-label={titleOf({ type: "criteria", migration: props.migration })}>
    <Loaded of={store.state.migration} height={220} what="the criteria" again={() => store.refresh()}>{(migration) => <div class="stack">
      <VerdictStrip migration={migration} /><CriteriaPanel verdict={migration.verdict} />
      <p class="small"><a href={paths.migration(props.migration)}>The migration {props.migration}</a></p></div>}</Loaded>
  </section>;
}

/** Whether a panel takes the whole width. */
export function isWide(panel: BoardPanel): boolean { return panel.type !== "query"; }

export function PanelView(props: { panel: BoardPanel; range: TimeRange }) {
  const { panel } = props;
  switch (panel.type) {
    case "query": return <QueryPanelView panel={panel} range={props.range} />;
    case "text": return <section class="board-text" aria-label={titleOf(panel)}><Markdown text={panel.text} /></section>;
    case "criteria": return <CriteriaView migration={panel.migration} />;
  }
}

function Shown(props: { board: Board; range: TimeRange; edit: () => void }) {
  return props.board.panels.length === 0
    ? <section class="panel"><Empty title="Nothing on this board yet">Add a question, text or the criteria of a migration. From Explore, any question can be put here, too.</Empty><div class="first-boards"><button type="button" class="button primary" onClick={props.edit}>Add a panel</button></div></section>
    : <div class="grid board">{props.board.panels.map((panel, at) => <div key={`${at}${panel.type}`} class={isWide(panel) ? "" : "half"}><PanelView panel={panel} range={props.range} /></div>)}</div>;
}

function DeleteBoard(props: { board: Board; close: () => void }) {
  const { board } = props;
  return <ChangeDialog title={`Delete the board “${board.name}”?`} action="Delete it" busyAction="Deleting…" danger close={props.close}
    submit={async () => { await client.deleteBoard(board.id, { expected_version: board.version, by: lastBy() }); navigate(paths.boards()); }} look={() => location.reload()}>
    <p>{several(board.panels.length, "panel")} will be gone for everybody, and links to this board will lead nowhere. Events, flags and markers stay as they are.</p>
  </ChangeDialog>;
}

export function BoardPage(props: { id: string }) {
  const store = usePageStore(() => new BoardStore(props.id), [props.id]);
  const range = rangeOf(useStore(place).query);
  const [deleting, setDeleting] = useState(false);
  const { board: remote, draft } = store.state;
  const board = valueOf(remote);
  useEffect(() => { if (board) document.title = `${board.name} · Understudy`; }, [board?.name]);
  const back = <p class="back"><a href={paths.boards()}>← All boards</a></p>;
  if (board === undefined) {
    return <>{back}<PageHead title="Board" />{remote.kind === "failed"
      ? remote.error.status === 404 ? <section class="panel"><Empty title="There is no such board">It may have been deleted.</Empty></section> : <Failed error={remote.error} again={() => store.refresh()} />
      : <Loading height={420} what="the board" />}</>;
  }
  if (draft) return <>{back}<EditBoard store={store} draft={draft} board={board} range={range} /></>;
  return <>
    {back}
    <PageHead title={board.name} lead={<>{board.description}{board.updated && <span class="muted small board-when"> Version {board.version}, {ago(timeOf(board.updated))}{board.by ? ` by ${board.by}` : ""}</span>}</>}>
      <TimeRangeChoice range={range} auto="As saved" />
      <button type="button" class="button" onClick={() => setDeleting(true)}>Delete</button>
      <button type="button" class="button primary" onClick={() => store.edit(board)}>Edit</button>
    </PageHead>
    {remote.kind === "failed" && <p class="problem" role="alert">{remote.error.message} What is shown is older.</p>}
    <Shown board={board} range={range} edit={() => store.edit(board)} />
    {deleting && <DeleteBoard board={board} close={() => setDeleting(false)} />}
  </>;
}
