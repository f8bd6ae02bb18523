import { useState } from "preact/hooks";
import type { BoardPanel, QueryPanel, QuerySpec } from "../../api/types";
import { paths } from "../../state/location";
import { migrations } from "../../state/migrations";
import { useStore, valueOf } from "../../state/store";
import { Markdown } from "../../ui/markdown";
import { Dialog, Segmented } from "../../ui/parts";
import { startingPoints, views } from "../explore/spec";
import { titleOf } from "./store";

export const boardViews = views.filter((one) => one.value !== "raw") as { value: QueryPanel["view"]; text: string }[];

/** A question to begin with; its own can be made in Explore. */
export function AddQuestion(props: { add: (panel: BoardPanel) => void; close: () => void }) {
  return <Dialog title="Add a question" close={props.close}>
    <ul class="choices">{startingPoints.map((one) => {
      const { dataset, spec, view } = one.question;
      const panel: QueryPanel = { type: "query", title: one.text, dataset, query: spec, view: view === "raw" ? "table" : view };
      return <li key={one.text}><button type="button" onClick={() => props.add(panel)}><strong>{one.text}</strong><span class="muted small mono">{titleOf({ ...panel, title: "" })}{spec.breakdowns ? ` by ${spec.breakdowns.join(", ")}` : ""}</span></button></li>;
    })}</ul>
    <p class="advice">Another question? Ask it in <a href={paths.explore("evaluations")}>Explore</a> and put it here from there. What you changed on this board waits for you.</p>
  </Dialog>;
}

function QueryFields(props: { panel: QueryPanel; text: string; setText: (text: string) => void; problem: string; change: (panel: QueryPanel) => void }) {
  const { panel, change } = props;
  return <>
    <label class="field"><span>Title</span><input class="input" maxLength={200} value={panel.title} placeholder={titleOf({ ...panel, title: "" })} onInput={(event) => change({ ...panel, title: event.currentTarget.value })} /></label>
    <div class="field"><span class="label">Shown as</span><div><Segmented label="Shown as" choices={boardViews} value={panel.view} choose={(view) => change({ ...panel, view })} /></div></div>
    <label class="field"><span>Query of {panel.dataset}</span><textarea class="input mono" rows={8} spellcheck={false} aria-invalid={props.problem !== ""} value={props.text} onInput={(event) => props.setText(event.currentTarget.value)} /></label>
    {props.problem !== "" && <p class="problem" role="alert">{props.problem}</p>}
    <p class="small"><a href={paths.explore(panel.dataset, panel.query, panel.view)}>Open it in Explore</a></p>
  </>;
}

function parsed(text: string): { query: QuerySpec } | { problem: string } {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { query: value } : { problem: "A query is an object, such as {\"breakdowns\": []}." };
  } catch (error) { return { problem: `This is not JSON yet: ${error instanceof Error ? error.message : String(error)}` }; }
}

export function EditPanel(props: { panel: BoardPanel; title: string; action: string; done: (panel: BoardPanel) => void; close: () => void }) {
  const names = (valueOf(useStore(migrations).list) ?? []).map((one) => one.name);
  const [panel, setPanel] = useState<BoardPanel>(props.panel.type === "criteria" && props.panel.migration === "" ? { type: "criteria", migration: names[0] ?? "" } : props.panel);
  const [text, setText] = useState(props.panel.type === "query" ? JSON.stringify(props.panel.query, null, 2) : "");
  const query = panel.type === "query" ? parsed(text) : undefined;
  const problem = query && "problem" in query ? query.problem : "";
  const ready = problem === "" && (panel.type === "text" ? panel.text.trim() !== "" : panel.type === "criteria" ? panel.migration.trim() !== "" : true);
  const done = () => props.done(panel.type === "query" && query && "query" in query ? { ...panel, query: query.query } : panel);
  return <Dialog title={props.title} close={props.close}><form class="stack" onSubmit={(event) => { event.preventDefault(); if (ready) done(); }}>
    {panel.type === "query" && <QueryFields panel={panel} text={text} setText={setText} problem={problem} change={setPanel} />}
    {panel.type === "text" && <>
      <label class="field"><span>Text</span><textarea class="input" rows={8} value={panel.text} placeholder={"## What to look at\n\n**Bold**, *italic*, `code`, - lists, [links](https://…)"} onInput={(event) => setPanel({ type: "text", text: event.currentTarget.value })} /></label>
      {panel.text.trim() !== "" && <div class="text-preview" role="group" aria-label="As it will look"><Markdown text={panel.text} /></div>}
    </>}
    {panel.type === "criteria" && <label class="field"><span>Migration</span><select class="input" value={panel.migration} onChange={(event) => setPanel({ type: "criteria", migration: event.currentTarget.value })}>
      {(names.includes(panel.migration) || panel.migration === "" ? names : [panel.migration, ...names]).map((one) => <option key={one} value={one}>{one}</option>)}</select></label>}
    <div class="dialog-actions"><button type="button" class="button" onClick={props.close}>Cancel</button><button type="submit" class="button primary" disabled={!ready}>{props.action}</button></div>
  </form></Dialog>;
}
