// How a change is asked for: what it will do, who wants it and why, and what to do when somebody else
// was first.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { Dialog } from "./parts";

const byName = "understudy.by";
/** The name that was given with the last change, in this browser. */
export function lastBy(): string { try { return localStorage.getItem(byName) ?? ""; } catch { return ""; } }
function rememberBy(by: string): void { try { localStorage.setItem(byName, by); } catch { /* asked again next time */ } }

interface Props {
  title: string;
  /** The words on the button that does it. */
  action: string;
  busyAction?: string;
  danger?: boolean;
  /** Whether it can be done as it stands; with a text, why not. */
  ready?: boolean;
  notReady?: string;
  /** Whether who and why are written down with it. */
  history?: boolean;
  why?: string;
  submit: (by: string, reason: string) => Promise<void>;
  /** Called to look at what there is now, after somebody else changed it. */
  look?: () => void;
  close: () => void;
  children: ComponentChildren;
}

export function ChangeDialog(props: Props) {
  const [by, setBy] = useState(lastBy);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiError>();
  const { ready = true } = props;

  const submit = async () => {
    setBusy(true);
    setProblem(undefined);
    if (by !== "") rememberBy(by);
    try {
      await props.submit(by, reason);
    } catch (error) {
      setProblem(error instanceof ApiError ? error : new ApiError(0, error instanceof Error ? error.message : String(error)));
      setBusy(false);
    }
  };
  return <Dialog title={props.title} close={props.close}>
    <form class="stack" onSubmit={(event) => { event.preventDefault(); if (ready && !busy) void submit(); }}>
      {props.children}
      {props.history && <div class="two-fields">
        <label class="field"><span>Who</span><input class="input" value={by} placeholder="your name" onInput={(event) => setBy(event.currentTarget.value)} /></label>
        <label class="field"><span>Why (for the history)</span><input class="input" value={reason} placeholder={props.why ?? ""} onInput={(event) => setReason(event.currentTarget.value)} /></label>
      </div>}
      {problem?.status === 409
        ? <div class="problem stack" role="alert"><p>Somebody else was faster, and nothing of yours was saved: {problem.message}.</p>
          {props.look && <p><button type="button" class="button small" onClick={() => { props.look?.(); props.close(); }}>Look at what it is now</button></p>}</div>
        : problem && <p class="problem" role="alert">{problem.message}</p>}
      <div class="dialog-actions">
        {props.notReady && <span class="mix-sum" role="status">{props.notReady}</span>}
        <button type="button" class="button" onClick={props.close}>Cancel</button>
        <button type="submit" class={`button ${props.danger ? "danger" : "primary"}`} disabled={!ready || busy}>{busy ? (props.busyAction ?? "Saving…") : props.action}</button>
      </div>
    </form>
  </Dialog>;
}
