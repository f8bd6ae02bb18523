// The small pieces every page is made of.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import type { ApiError } from "../api/client";
import type { Mode, QueryAnswer, Ruling } from "../api/types";
import { moment, timeOf } from "../format";
import { modeColor } from "../modes";
import type { Remote } from "../state/store";
import { valueOf } from "../state/store";

export function PageHead(props: { title: ComponentChildren; lead?: ComponentChildren; children?: ComponentChildren }) {
  return <div class="page-head">
    <div><h1 tabIndex={-1}>{props.title}</h1>{props.lead && <p class="lead">{props.lead}</p>}</div>
    {props.children && <div class="row">{props.children}</div>}
  </div>;
}

export function Panel(props: { title: ComponentChildren; hint?: ComponentChildren; actions?: ComponentChildren; flush?: boolean; class?: string; children: ComponentChildren }) {
  const id = useId();
  return <section class={`panel ${props.class ?? ""}`} aria-labelledby={id}>
    <div class="panel-head">
      <div><h2 id={id}>{props.title}</h2>{props.hint && <p class="hint">{props.hint}</p>}</div>
      {props.actions && <div class="row">{props.actions}</div>}
    </div>
    <div class={`panel-body ${props.flush ? "flush" : ""}`}>{props.children}</div>
  </section>;
}

export function Loading(props: { height?: number; what?: string }) {
  return <div role="status" class="skeleton" style={{ height: `${props.height ?? 120}px` }}><span class="visually-hidden">Loading {props.what ?? ""}</span></div>;
}

export function Empty(props: { title: string; children?: ComponentChildren }) {
  return <div class="notice"><strong>{props.title}</strong>{props.children && <p>{props.children}</p>}</div>;
}

export function Failed(props: { error: ApiError; again?: (() => void) | undefined }) {
  const missing = props.error.status === 404 && props.error.message.startsWith("there is nothing here");
  return <div class="notice" role="alert">
    <strong>{missing ? "This server does not offer this yet" : "This could not be loaded"}</strong>
    <p>{props.error.message}</p>
    {props.again && <button type="button" class="button small" onClick={props.again}>Try again</button>}
  </div>;
}

/** The three states of something asked for. What was there before stays, faded, while it is asked again. */
export function Loaded<Value>(props: { of: Remote<Value>; height?: number; what?: string; again?: () => void; children: (value: Value) => ComponentChildren }) {
  const value = valueOf(props.of);
  if (value === undefined) {
    return props.of.kind === "failed" ? <Failed error={props.of.error} again={props.again} /> : <Loading {...(props.height === undefined ? {} : { height: props.height })} what={props.what ?? ""} />;
  }
  return <>
    {props.of.kind === "failed" && <p class="problem" role="alert">{props.of.error.message} What is shown is older.</p>}
    <div class={props.of.kind === "loading" ? "stale" : ""} aria-busy={props.of.kind === "loading"}>{props.children(value)}</div>
  </>;
}

/** Says so when an answer is not about all that happened. */
export function NotAll(props: { answer: Pick<QueryAnswer, "complete" | "complete_since" | "groups_cut"> }) {
  const { complete, complete_since, groups_cut } = props.answer;
  return <>
    {!complete && <p class="advice">Not all events of this time are stored any more{complete_since ? `; they are complete since ${moment(timeOf(complete_since))}` : ""}.</p>}
    {groups_cut && <p class="advice">There are more groups than are shown.</p>}
  </>;
}

/** A table that scrolls sideways inside its panel, also by keyboard. */
export function TableScroll(props: { label: string; children: ComponentChildren }) {
  return <div class="table-scroll" tabIndex={0} role="group" aria-label={props.label}>{props.children}</div>;
}

export function ModeName(props: { mode: Mode | string }) {
  return <span class="mode"><span class="swatch" style={{ background: modeColor(props.mode as Mode) }} />{props.mode}</span>;
}

export const rulingWords: Record<Ruling, string> = { pass: "pass", fail: "fail", not_enough_evidence: "not enough evidence" };
export function RulingTag(props: { ruling: Ruling }) {
  const sign = { pass: "✓", fail: "✕", not_enough_evidence: "…" }[props.ruling];
  const tone = { pass: "pass", fail: "fail", not_enough_evidence: "wait" }[props.ruling];
  return <span class={`tag ${tone}`}><span aria-hidden="true">{sign}</span>{rulingWords[props.ruling]}</span>;
}

export function Segmented<Choice extends string>(props: { label: string; choices: readonly { value: Choice; text: string; title?: string }[]; value: Choice; choose: (value: Choice) => void }) {
  return <div class="segmented" role="group" aria-label={props.label}>
    {props.choices.map((one) => <button type="button" key={one.value} aria-pressed={one.value === props.value} title={one.title} onClick={() => props.choose(one.value)}>{one.text}</button>)}
  </div>;
}

/** A modal window: keyboard focus begins at what has data-first-focus, stays inside and goes back at the end; Escape closes it. */
export function Dialog(props: { title: string; close: () => void; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>("[data-first-focus]")?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return <dialog ref={element} aria-labelledby={id} onCancel={(event) => { event.preventDefault(); props.close(); }}
    onClick={(event) => { if (event.target === element.current) props.close(); }}>
    <div class="dialog-head"><h2 id={id}>{props.title}</h2><button type="button" class="button plain small" aria-label="Close" onClick={props.close}>✕</button></div>
    <div class="dialog-body">{props.children}</div>
  </dialog>;
}

/** A trend without axes: how something went, not how much it was. */
export function Sparkline(props: { values: readonly number[]; label: string; color?: string }) {
  const top = Math.max(1, ...props.values);
  const width = 100 / Math.max(1, props.values.length);
  return <svg class="spark" viewBox="0 0 100 22" preserveAspectRatio="none" role="img" aria-label={props.label}>
    {props.values.map((value, at) => value > 0 && <rect key={at} x={at * width} width={Math.max(width - 0.6, 0.8)} y={22 - Math.max(1.5, (value / top) * 22)} height={Math.max(1.5, (value / top) * 22)} fill={props.color ?? "var(--accent)"} />)}
    <line x1="0" x2="100" y1="22" y2="22" stroke="var(--line)" stroke-width="1" />
  </svg>;
}
