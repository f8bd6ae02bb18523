import { useState } from "preact/hooks";
import { client } from "../../api/client";
import type { Board, BoardContent } from "../../api/types";
import { ago, several, timeOf } from "../../format";
import { navigate, paths } from "../../state/location";
import { migrations } from "../../state/migrations";
import { usePageStore, useStore, valueOf } from "../../state/store";
import { ChangeDialog, lastBy } from "../../ui/change";
import { PlusIcon } from "../../ui/icons";
import { Empty, Loaded, PageHead } from "../../ui/parts";
import { BoardListStore, titleOf } from "./store";
import { migrationStory } from "./template";

export { BoardPage } from "./board_page";

async function make(content: BoardContent): Promise<void> {
  const board = await client.addBoard(content, { by: lastBy() });
  navigate(paths.board(board.id));
}

function Card(props: { board: Board }) {
  const { board } = props;
  return <section class="panel board-card half" aria-label={board.name}>
    <h2><a href={paths.board(board.id)}>{board.name}</a></h2>
    {board.description && <p class="wrap">{board.description}</p>}
    <ul class="board-panels">{board.panels.slice(0, 6).map((panel, at) => <li key={at}>{titleOf(panel)}</li>)}{board.panels.length > 6 && <li>and {board.panels.length - 6} more</li>}</ul>
    <p class="muted small">{several(board.panels.length, "panel")}{board.updated && <> · changed {ago(timeOf(board.updated))}{board.by ? ` by ${board.by}` : ""}</>}</p>
  </section>;
}

function NewBoard(props: { close: () => void }) {
  const names = (valueOf(useStore(migrations).list) ?? []).map((one) => one.name);
  const [name, setName] = useState("");
  const [from, setFrom] = useState("");
  const story = from === "" ? undefined : migrationStory(from);
  return <ChangeDialog title="New board" action="Make it" busyAction="Making…" ready={name.trim() !== "" || story !== undefined} close={props.close}
    submit={() => make(story ? { ...story, ...(name.trim() === "" ? {} : { name: name.trim() }) } : { name: name.trim(), panels: [] })}>
    <label class="field"><span>Name</span><input class="input" autofocus maxLength={200} value={name} placeholder={story?.name ?? "What we watch this week"} onInput={(event) => setName(event.currentTarget.value)} /></label>
    <label class="field"><span>Begin with</span><select class="input" value={from} onChange={(event) => setFrom(event.currentTarget.value)}>
      <option value="">an empty board</option>{names.map((one) => <option key={one} value={one}>the migration story of {one}</option>)}
    </select></label>
    {story && <div><h3>Panels</h3><ul class="board-panels">{story.panels.map((panel, at) => <li key={at}>{titleOf(panel)}</li>)}</ul></div>}
  </ChangeDialog>;
}

function First(props: { make: () => void }) {
  const { list } = useStore(migrations), names = (valueOf(list) ?? []).map((one) => one.name);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const story = async (name: string) => {
    setBusy(true);
    try { await make(migrationStory(name)); } catch (error) { setProblem(error instanceof Error ? error.message : String(error)); setBusy(false); }
  };
  return <section class="panel"><Empty title="No boards yet">A board holds saved questions, text and criteria on one page, for everybody. Begin with the story of a migration: its verdict, success and latency by mode, errors and differences.</Empty>
    {problem !== "" && <p class="problem" role="alert">{problem}</p>}
    <div class="first-boards">{list.kind === "loading" && <button type="button" class="button primary" disabled>Migration story</button>}{names.map((name) => <button key={name} type="button" class="button primary" disabled={busy} onClick={() => void story(name)}>Migration story of {name}</button>)}
      <button type="button" class="button" onClick={props.make}>An empty board</button></div>
  </section>;
}

export function BoardsPage() {
  const store = usePageStore(() => new BoardListStore(), []);
  const [making, setMaking] = useState(false);
  const { boards } = store.state;
  return <>
    <PageHead title="Boards" lead="Saved questions, text and criteria on one page, for everybody who looks.">
      <button type="button" class="button primary" onClick={() => setMaking(true)}><PlusIcon />New board</button>
    </PageHead>
    <Loaded of={boards} height={220} what="the boards" again={() => store.start()}>{(all) => all.length === 0
      ? <First make={() => setMaking(true)} />
      : <div class="grid">{all.map((board) => <Card key={board.id} board={board} />)}</div>}</Loaded>
    {making && <NewBoard close={() => setMaking(false)} />}
  </>;
}
