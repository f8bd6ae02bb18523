// A board while it is edited: nothing is saved until it is said.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Board, BoardPanel } from "../../api/types";
import type { TimeRange } from "../../state/time_range";
import { Dialog, PageHead } from "../../ui/parts";
import { isWide, PanelView } from "./board_page";
import { AddQuestion, EditPanel } from "./edit_panel";
import { type BoardStore, differs, type Draft, type DraftPanel, titleOf } from "./store";

/** Moves a panel with the arrow keys, or by dragging to where another one is. */
function Handle(props: { one: DraftPanel; at: number; count: number; move: (to: number) => void }) {
  const { one, at, count } = props;
  const dragged = useRef(false);
  const over = (x: number, y: number): number | undefined => {
    const target = document.elementFromPoint(x, y)?.closest<HTMLElement>("[data-panel-at]");
    return target ? Number(target.dataset["panelAt"]) : undefined;
  };
  return <button type="button" class="button plain small handle" aria-label={`Move ${titleOf(one.panel)}, now ${at + 1} of ${count}: arrow keys`} title="Drag, or use the arrow keys"
    onKeyDown={(event) => {
      const step = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 }[event.key];
      const to = event.key === "Home" ? 0 : event.key === "End" ? count - 1 : step === undefined ? undefined : at + step;
      if (to === undefined) return;
      event.preventDefault();
      if (to >= 0 && to < count) props.move(to);
    }}
    onPointerDown={(event) => { dragged.current = true; event.currentTarget.setPointerCapture(event.pointerId); }}
    onPointerMove={(event) => {
      if (!dragged.current) return;
      const to = over(event.clientX, event.clientY);
      if (to !== undefined && to !== at) props.move(to);
    }}
    onPointerUp={() => { dragged.current = false; }} onPointerCancel={() => { dragged.current = false; }}>⠿</button>;
}

function Conflict(props: { store: BoardStore; draft: Draft; theirs: Board }) {
  const { store, draft, theirs } = props;
  const { onlyTheirs, onlyMine } = differs(theirs, { name: draft.name, description: draft.description, panels: draft.panels.map((one) => one.panel) });
  const list = (title: string, texts: readonly string[]) => texts.length > 0 && <div><h3>{title}</h3><ul class="board-panels">{texts.map((text) => <li key={text}>{text}</li>)}</ul></div>;
  return <Dialog title="Somebody else changed this board" close={() => store.set({ conflict: undefined })}>
    <p>You began with version {draft.version}; by now it is version {theirs.version}{theirs.by ? `, by ${theirs.by}` : ""}. Nothing of yours is saved yet, and nothing of it is lost.</p>
    {list("Only in theirs", onlyTheirs)}{list("Only in yours", onlyMine)}
    {onlyTheirs.length === 0 && onlyMine.length === 0 && <p class="advice">Both have the same panels{draft.panels.length > 1 ? ", perhaps in another order" : ""}.</p>}
    <div class="dialog-actions">
      <button type="button" class="button" onClick={() => store.set({ conflict: undefined })}>Go on editing</button>
      <button type="button" class="button" onClick={() => store.discard()}>Take theirs</button>
      <button type="button" class="button danger" onClick={() => void store.save(theirs.version)}>Save mine over it</button>
    </div>
  </Dialog>;
}

type Doing = { what: "question" } | { what: "edit"; id: number } | { what: "text" } | { what: "criteria" } | undefined;

export function EditBoard(props: { store: BoardStore; draft: Draft; board: Board; range: TimeRange }) {
  const { store, draft, board, range } = props;
  const [doing, setDoing] = useState<Doing>();
  const [said, setSaid] = useState("");
  const { saving, problem, conflict } = store.state;
  const changed = JSON.stringify({ name: board.name, description: board.description ?? "", panels: board.panels }) !== JSON.stringify({ name: draft.name, description: draft.description, panels: draft.panels.map((one) => one.panel) });
  const close = () => setDoing(undefined);
  const add = (panel: BoardPanel) => { store.add(panel); setSaid(`Added ${titleOf(panel)} at the end.`); close(); };

  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => { if (changed) event.preventDefault(); };
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [changed]);

  const move = (one: DraftPanel, to: number) => { store.move(one.id, to); setSaid(`${titleOf(one.panel)} is now ${to + 1} of ${draft.panels.length}.`); };
  const edited = doing?.what === "edit" ? draft.panels.find((one) => one.id === doing.id) : undefined;
  return <>
    <PageHead title={`Edit ${board.name}`} lead="Others see it as it was until you save." />
    <div class="panel edit-bar">
      <div class="two-fields">
        <label class="field"><span>Name</span><input class="input" maxLength={200} value={draft.name} aria-invalid={draft.name.trim() === ""} onInput={(event) => store.change({ name: event.currentTarget.value })} /></label>
        <label class="field"><span>Description</span><input class="input" value={draft.description} placeholder="What this board is for" onInput={(event) => store.change({ description: event.currentTarget.value })} /></label>
      </div>
      {problem !== "" && <p class="problem" role="alert">{problem}</p>}
      <div class="row spread">
        <div class="row" role="group" aria-label="Add a panel">
          <button type="button" class="button small" onClick={() => setDoing({ what: "question" })}>+ Question</button>
          <button type="button" class="button small" onClick={() => setDoing({ what: "text" })}>+ Text</button>
          <button type="button" class="button small" onClick={() => setDoing({ what: "criteria" })}>+ Criteria</button>
        </div>
        <div class="row">
          <button type="button" class="button" onClick={() => store.discard()}>{changed ? "Discard" : "Done"}</button>
          <button type="button" class="button primary" disabled={!changed || saving || draft.name.trim() === ""} onClick={() => void store.save()}>{saving ? "Saving…" : "Save"}</button>
        </div>
      </div>
    </div>
    <div class="grid board editing">{draft.panels.map((one, at) => <div key={one.id} data-panel-at={at} class={`board-slot ${isWide(one.panel) ? "" : "half"}`}>
      <div class="slot-head"><Handle one={one} at={at} count={draft.panels.length} move={(to) => move(one, to)} /><span class="slot-title">{titleOf(one.panel)}</span>
        <button type="button" class="button plain small" aria-label={`Edit ${titleOf(one.panel)}`} onClick={() => setDoing({ what: "edit", id: one.id })}>Edit</button>
        <button type="button" class="button plain small" aria-label={`Remove ${titleOf(one.panel)}`} onClick={() => { store.remove(one.id); setSaid(`Removed ${titleOf(one.panel)}.`); }}>Remove</button></div>
      <div class="slot-body" inert><PanelView panel={one.panel} range={range} /></div>
    </div>)}</div>
    <p class="visually-hidden" role="status">{said}</p>
    {doing?.what === "question" && <AddQuestion add={add} close={close} />}
    {doing?.what === "text" && <EditPanel panel={{ type: "text", text: "" }} title="Add text" action="Add it" done={add} close={close} />}
    {doing?.what === "criteria" && <EditPanel panel={{ type: "criteria", migration: "" }} title="Add the criteria of a migration" action="Add them" done={add} close={close} />}
    {doing?.what === "edit" && edited && <EditPanel panel={edited.panel} title={`Edit ${titleOf(edited.panel)}`} action="Keep it" done={(panel) => { store.replace(edited.id, panel); close(); }} close={close} />}
    {conflict && <Conflict store={store} draft={draft} theirs={conflict} />}
  </>;
}
