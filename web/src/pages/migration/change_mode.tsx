import { useState } from "preact/hooks";
import { ApiError, client } from "../../api/client";
import type { Mix, Mode, ModeState } from "../../api/types";
import { percent } from "../../format";
import { effect, emptyMix, modeColor, modeNames, modes } from "../../modes";
import { Dialog, ModeName } from "../../ui/parts";

const presets: readonly { text: string; mix: Partial<Mix> }[] = [
  { text: "Control only", mix: { control_only: 100 } },
  { text: "First calls: 10%", mix: { fire_and_forget: 10, control_only: 90 } },
  { text: "Compare 10%", mix: { full_evaluation: 10, control_only: 90 } },
  { text: "Compare all", mix: { full_evaluation: 100 } },
  { text: "Hand over 10%", mix: { candidate_only: 10, full_evaluation: 90 } },
  { text: "Candidate for all", mix: { candidate_only: 100 } },
  { text: "Candidate, watched", mix: { reverse_evaluation: 100 } },
];

function sum(mix: Mix): number { return Math.round(modeNames.reduce((all, mode) => all + mix[mode], 0) * 1000) / 1000; }

function Change(props: { what: string; before: number; after: number }) {
  const { before, after } = props;
  return <tr><td>{props.what}</td><td class="number">{percent(before)}</td><td aria-hidden="true">→</td><td class="number"><strong>{percent(after)}</strong></td>
    <td>{before === after ? <span class="muted">as before</span> : <span class={`tag ${after > before ? "accent" : ""}`}>{after > before ? "+" : "−"}{percent(Math.abs(after - before))}</span>}</td></tr>;
}

/** What a new mix does, in words, before it is done. */
function Consequences(props: { before: Mix; after: Mix; candidateUrl: string }) {
  const old = effect(props.before), next = effect(props.after);
  return <div class="stack" tabIndex={-1} data-first-focus>
    <table class="data consequences"><tbody>
      <Change what="Requests answered by the candidate" before={old.candidateAnswers} after={next.candidateAnswers} />
      <Change what="Requests that call the candidate" before={old.candidateCalled} after={next.candidateCalled} />
      <Change what="Requests that call control" before={old.controlCalled} after={next.controlCalled} />
      <Change what="Answers compared, where it is safe" before={old.compared} after={next.compared} />
    </tbody></table>
    <ul class="stack">{modes.filter((one) => props.after[one.mode] > 0).map((one) => <li key={one.mode}>
      <ModeName mode={one.mode} />: <strong>{percent(props.after[one.mode])}</strong> of users {one.answer}; {one.candidate}.</li>)}</ul>
    {next.candidateAnswers > old.candidateAnswers && <p class="problem">More users get the candidate's answers{props.candidateUrl ? ` (${props.candidateUrl})` : ""}. If it fails, they see that.</p>}
    <p class="advice">It holds from the next request on. Whose requests are in a larger share stays in it. A new evidence window begins: the verdict starts again with what is seen from now on.</p>
  </div>;
}

export function ChangeMode(props: { migration: string; mode: ModeState; candidateUrl: string; close: () => void; done: (mode: ModeState) => void }) {
  const before = props.mode.mix ?? { ...emptyMix, control_only: 100 };
  const [mix, setMix] = useState<Mix>(before);
  const [step, setStep] = useState<"choose" | "confirm">("choose");
  const [reason, setReason] = useState("");
  const [by, setBy] = useState(() => { try { return localStorage.getItem("understudy.by") ?? ""; } catch { return ""; } });
  const [ownRest, setOwnRest] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const total = sum(mix);
  const same = modeNames.every((mode) => mix[mode] === before[mode]);

  const set = async () => {
    setBusy(true);
    try {
      if (by !== "") try { localStorage.setItem("understudy.by", by); } catch { /* asked again next time */ }
      props.done(await client.setMode(props.migration, { mix, reason, ...(by === "" ? {} : { by }), expected_version: props.mode.version }));
    } catch (error) {
      setProblem(error instanceof ApiError && error.status === 409 ? `${error.message}. Close this, look at what it is now, and decide again.` : String(error instanceof Error ? error.message : error));
      setBusy(false);
    }
  };
  /** Sets one share. What is left goes to control_only, until somebody says what control_only gets. */
  const change = (mode: Mode, value: number) => {
    const next = { ...mix, [mode]: Math.min(100, Math.max(0, Number.isFinite(value) ? value : 0)) };
    if (mode === "control_only") setOwnRest(true);
    else if (!ownRest) next.control_only = Math.max(0, Math.round((100 - sum({ ...next, control_only: 0 })) * 1000) / 1000);
    setMix(next);
  };
  const nameless = by.trim() === "" && client.key === "";
  const missing = total !== 100 ? `The shares add up to ${percent(total)}, not 100%.` : same ? "This is the mode now."
    : reason.trim() === "" ? "Say why: it stands in the history." : nameless ? "Say who you are: it stands in the history." : "";

  if (step === "confirm") {
    return <Dialog key="confirm" title={`Change the mode of ${props.migration}?`} close={props.close}>
      <Consequences before={before} after={mix} candidateUrl={props.candidateUrl} />
      {problem !== "" && <p class="problem" role="alert">{problem}</p>}
      <div class="dialog-actions"><button type="button" class="button" onClick={() => setStep("choose")}>Back</button>
        <button type="button" class="button primary" disabled={busy} onClick={() => void set()}>{busy ? "Setting…" : "Set this mode"}</button></div>
    </Dialog>;
  }
  return <Dialog key="choose" title={`Mode of ${props.migration}`} close={props.close}>
    <div class="row" role="group" aria-label="Usual steps">{presets.map((one, at) => <button type="button" key={one.text} class="button small" data-first-focus={at === 0 ? "" : undefined} onClick={() => { setOwnRest(false); setMix({ ...emptyMix, ...one.mix }); }}>{one.text}</button>)}</div>
    <div class="bar tall" aria-hidden="true">{modes.map((one) => mix[one.mode] > 0 && <span key={one.mode} style={{ width: `${(mix[one.mode] / Math.max(100, total)) * 100}%`, background: modeColor(one.mode) }} />)}</div>
    <ul class="mix-editor">{modes.map((one) => <li key={one.mode}>
      <label for={`mix-${one.mode}`}><ModeName mode={one.mode} /><span class="muted small">Users {one.answer}; {one.candidate}.</span></label>
      <span class="share"><input id={`mix-${one.mode}`} class="input number" type="number" min="0" max="100" step="any" value={mix[one.mode]} onInput={(event) => change(one.mode, event.currentTarget.valueAsNumber)} />%</span>
      <button type="button" class="button small" disabled={total === 100} aria-label={`Give the rest to ${one.mode}`} onClick={() => change(one.mode, Math.round((mix[one.mode] + 100 - total) * 1000) / 1000)}>rest</button>
    </li>)}</ul>
    <div class="two-fields">
      <label class="field"><span>Who{client.key === "" ? "" : " (empty: whose key it is)"}</span><input class="input" value={by} placeholder="your name" onInput={(event) => setBy(event.currentTarget.value)} /></label>
      <label class="field"><span>Why (for the history)</span><input class="input" required value={reason} placeholder="criteria hold at 10%" onInput={(event) => setReason(event.currentTarget.value)} /></label>
    </div>
    <div class="dialog-actions">
      <span class="mix-sum" role="status">{missing}</span>
      <button type="button" class="button" onClick={props.close}>Cancel</button>
      <button type="button" class="button primary" disabled={missing !== ""} onClick={() => { setProblem(""); setStep("confirm"); }}>See what will happen</button>
    </div>
  </Dialog>;
}
