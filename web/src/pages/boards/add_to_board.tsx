// Puts a question that was asked elsewhere on a board.
import { useEffect, useState } from "preact/hooks";
import { ApiError, client } from "../../api/client";
import type { Board, QueryPanel, QuerySpec } from "../../api/types";
import { paths } from "../../state/location";
import { Dialog, Loading, Segmented } from "../../ui/parts";
import { ChangeDialog, lastBy } from "../../ui/change";
import { boardViews } from "./edit_panel";
import { titleOf } from "./store";

const triesMax = 4;

/** Adds a panel at the end of what the board is by then: another change of it in between is no conflict. */
async function append(id: string, panel: QueryPanel): Promise<Board> {
  for (let tries = 1; ; ++tries) {
    const board = await client.board(id);
    try {
      return await client.putBoard(id, { name: board.name, description: board.description ?? "", panels: [...board.panels, panel] }, { expected_version: board.version, by: lastBy() });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409 || tries === triesMax) throw error;
    }
  }
}

export function AddToBoard(props: { dataset: string; query: QuerySpec; view: QueryPanel["view"] | "raw"; title?: string; close: () => void }) {
  const [boards, setBoards] = useState<Board[]>();
  const [to, setTo] = useState("");
  const [name, setName] = useState("");
  const [panel, setPanel] = useState<QueryPanel>({ type: "query", title: props.title ?? "", dataset: props.dataset, query: props.query, view: props.view === "raw" ? "table" : props.view });
  const [done, setDone] = useState<Board>();
  useEffect(() => {
    const controller = new AbortController();
    client.boards(controller.signal).then((answer) => { setBoards(answer.boards); setTo(answer.boards[0]?.id ?? ""); }, () => setBoards([]));
    return () => controller.abort();
  }, []);
  if (done) {
    return <Dialog title="It is on the board" close={props.close}><p>“{titleOf(panel)}” is the last panel of <a href={paths.board(done.id)} onClick={props.close}>{done.name}</a>.</p>
      <div class="dialog-actions"><button type="button" class="button primary" onClick={props.close}>Done</button></div></Dialog>;
  }
  if (boards === undefined) return <Dialog title="Add to a board" close={props.close}><Loading what="the boards" height={140} /></Dialog>;
  return <ChangeDialog title="Add to a board" action="Add it" busyAction="Adding…" ready={to !== "" || name.trim() !== ""} close={props.close}
    submit={async () => setDone(to === "" ? await client.addBoard({ name: name.trim(), panels: [panel] }, { by: lastBy() }) : await append(to, panel))}>
    <label class="field"><span>Board</span><select class="input" value={to} onChange={(event) => setTo(event.currentTarget.value)}>
      {boards.map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}<option value="">a new board</option></select></label>
    {to === "" && <label class="field"><span>Name of the new board</span><input class="input" maxLength={200} value={name} placeholder="What we watch this week" onInput={(event) => setName(event.currentTarget.value)} /></label>}
    <label class="field"><span>Title of the panel</span><input class="input" maxLength={200} value={panel.title} placeholder={titleOf({ ...panel, title: "" })} onInput={(event) => setPanel({ ...panel, title: event.currentTarget.value })} /></label>
    <div class="field"><span class="label">Shown as</span><div><Segmented label="Shown as" choices={boardViews} value={panel.view} choose={(view) => setPanel({ ...panel, view })} /></div></div>
  </ChangeDialog>;
}
