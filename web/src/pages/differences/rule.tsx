import { useEffect, useState } from "preact/hooks";
import { ApiError, client } from "../../api/client";
import type { DifferenceGroup, RulePreview } from "../../api/types";
import { count, moment, percent, several, timeOf } from "../../format";
import { valueOf } from "../../state/store";
import { Dialog, Loaded } from "../../ui/parts";
import { type InForce, parsedRules, sameText } from "./in_force";
import type { DifferencesStore } from "./store";

function Preview(props: { preview: RulePreview }) {
  const { preview } = props;
  const share = preview.looked_at === 0 ? 0 : (preview.accepted / preview.looked_at) * 100;
  const others = preview.groups.filter((group) => group.accepted > 0);
  return <div class="stack">
    <p>It would have accepted <strong>{count(preview.accepted)}</strong> of {several(preview.looked_at, "difference")} ({percent(share)}){preview.window_reason ? ` ${preview.window_reason}` : ""}; <strong>{count(preview.left)}</strong> would be left.</p>
    <div class="bar" aria-hidden="true"><span style={{ width: `${share}%`, background: "var(--pass)" }} /></div>
    {others.length > 1 && <p class="advice">It reaches into {others.length} groups: {others.slice(0, 4).map((group) => `${group.text}: ${count(group.accepted)} of ${count(group.count)}`).join("; ")}. Make the path narrower if that is too much.</p>}
    {(preview.undecided ?? 0) > 0 && <p class="muted small">{several(preview.undecided ?? 0, "difference")} cannot be decided from what was recorded, as values are cut or redacted; they count as left.</p>}
    {preview.capped && <p class="muted small">The newest differences were looked at, not all.</p>}
  </div>;
}

function parse(text: string): { rule?: Record<string, unknown>; problem?: string } {
  try {
    const rule = JSON.parse(text) as unknown;
    if (typeof rule !== "object" || rule === null || Array.isArray(rule)) return { problem: 'A rule is an object, for example {"path": "$.at", "ignore": true}.' };
    return { rule: rule as Record<string, unknown> };
  } catch (error) {
    return { problem: `This is not JSON yet: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** What a rule that is in force already does to a group, and whether it was found before that. */
function Covered(props: { rule: InForce; newest: number | undefined }) {
  const { rule, newest } = props, { since } = rule;
  const before = since !== undefined && newest !== undefined && newest <= since;
  const share = rule.accepted === rule.count ? "all" : `${count(rule.accepted)} of ${count(rule.count)}`;
  return <div class="advice stack">
    <p>A rule in force{since === undefined ? "" : ` since ${moment(since)}`} covers this place{before ? `; these were found before it. It would have accepted ${share} of them.` : ` and accepts ${share} of these${since !== undefined && newest !== undefined ? ", but some were found after it" : ""}.`}</p>
    <pre>{rule.text}</pre>
    {before && rule.accepted === rule.count && <p>Nothing has to be added: from now on such answers count as the same.</p>}
  </div>;
}

const otherRules: readonly { text: string; rule: (path: string) => object }[] = [
  { text: "absolute", rule: (path) => ({ path, absolute: 0.001 }) },
  { text: "relative", rule: (path) => ({ path, relative: 1e-6 }) },
  { text: "ignore", rule: (path) => ({ path, ignore: true }) },
];

/** The rule that would accept a group: what it would have done, and a way to put it in force. */
export function RuleEditor(props: { store: DifferencesStore; group: DifferenceGroup; added: () => void }) {
  const { store, group } = props;
  const offered = group.rule ?? "";
  const [text, setText] = useState(offered);
  const [asking, setAsking] = useState(false);
  const { rule, problem } = text.trim() === "" ? {} : parse(text);
  const covering = valueOf(store.state.inForce) ?? [];
  const newest = valueOf(store.state.examples)?.examples?.[0]?.["time"];
  const newestAt = newest === undefined ? undefined : timeOf(String(newest));
  const covered = covering.find((one) => one.accepted === one.count && one.since !== undefined && newestAt !== undefined && newestAt <= one.since);
  const inForce = [...covering.map((one) => ({ rule: one.text })), ...(valueOf(store.state.groups)?.rules ?? [])];
  const twice = rule !== undefined && parsedRules(inForce).some((one) => sameText(one.rule) === sameText(rule));
  useEffect(() => { setText(offered); }, [offered]);
  useEffect(() => {
    store.forgetPreview();
    if (!rule) return undefined;
    const timer = setTimeout(() => store.preview(rule), 300);
    return () => clearTimeout(timer);
  }, [text, store, offered]);

  const { preview } = store.state;
  const editor = <>
    {covered ? null : group.rule ? <p class="muted">{group.rule_reason ? `${group.rule_reason}. ` : ""}This rule accepts all of this group and nothing more than it has to:</p>
        : <p class="muted">No rule is offered, because nothing explains this difference. If it means nothing to you, write one that says how much may differ, and look below at what it would have accepted:</p>}
    {!group.rule && <div class="row small" role="group" aria-label="Begin with"><span class="muted">Begin with:</span>{otherRules.map((one) => <button type="button" key={one.text} class="button small" onClick={() => setText(JSON.stringify(one.rule(group.path)))}>{one.text}</button>)}</div>}
    <textarea class="input mono" aria-label="Rule" rows={2} spellcheck={false} value={text} placeholder={`{"path": ${JSON.stringify(group.path)}, "absolute": 0.001}`} aria-invalid={problem !== undefined} onInput={(event) => setText(event.currentTarget.value)} />
    {problem ? <p class="problem">{problem}</p> : twice ? <p class="muted">This very rule is in force already: adding it again changes nothing.</p>
      : preview && <Loaded of={preview} height={60} what="the preview">{(value) => <Preview preview={value} />}</Loaded>}
    <div class="row"><button type="button" class={`button ${covered ? "" : "primary"}`} disabled={!rule || twice} onClick={() => setAsking(true)}>Add this rule…</button>
      {text !== offered && <button type="button" class="button" onClick={() => setText(offered)}>As it was</button>}</div>
  </>;
  return <div class="stack">
    {covering.slice(0, 3).map((one) => <Covered key={one.text} rule={one} newest={newestAt} />)}
    {covered ? <details><summary>If such answers still come: another rule for this place</summary><div class="stack inner">{editor}</div></details> : editor}
    {asking && rule && <AddRule store={store} rule={rule} text={text} close={() => setAsking(false)} done={() => { setAsking(false); props.added(); }} />}
  </div>;
}

function AddRule(props: { store: DifferencesStore; rule: Record<string, unknown>; text: string; close: () => void; done: () => void }) {
  const [by, setBy] = useState(() => { try { return localStorage.getItem("understudy.by") ?? ""; } catch { return ""; } });
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const add = async () => {
    setBusy(true);
    try {
      if (by !== "") try { localStorage.setItem("understudy.by", by); } catch { /* asked again next time */ }
      await client.addRule(props.store.migration, { rule: props.rule, reason, ...(by === "" ? {} : { by }) });
      props.done();
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : String(error));
      setBusy(false);
    }
  };
  const { preview } = props.store.state;
  return <Dialog title={`Accept such differences of ${props.store.migration}?`} close={props.close}>
    <pre class="advice">{props.text}</pre>
    {preview?.kind === "ready" && <Preview preview={preview.value} />}
    <p class="advice">From the next comparison on, answers that differ only like this count as the same. The rule goes into the flag <code>{props.store.migration}.compare</code>, where it can be taken out again; a marker and the history say who added it. A new evidence window begins.</p>
    <div class="two-fields">
      <label class="field"><span>Who</span><input class="input" value={by} placeholder="your name" onInput={(event) => setBy(event.currentTarget.value)} /></label>
      <label class="field"><span>Why (for the history)</span><input class="input" value={reason} placeholder="sums in another order" onInput={(event) => setReason(event.currentTarget.value)} /></label>
    </div>
    {problem !== "" && <p class="problem" role="alert">{problem}</p>}
    <div class="dialog-actions"><button type="button" class="button" onClick={props.close}>Cancel</button><button type="button" class="button primary" disabled={busy} onClick={() => void add()}>{busy ? "Adding…" : "Add the rule"}</button></div>
  </Dialog>;
}
