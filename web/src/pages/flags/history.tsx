import type { Flag, FlagChange } from "../../api/types";
import { moment, ago, timeOf } from "../../format";
import { Empty } from "../../ui/parts";
import { lastPart } from "./page";
import { SharesBar } from "./shares";
import { describe, differenceOf, type DiffLine, mixOf, sharesOf } from "./words";

const signWords = { "-": "before", "+": "after", " ": "" };

export function DiffLines(props: { lines: readonly DiffLine[] }) {
  if (props.lines.length === 0) return <p class="muted small">Nothing that a reader would notice: only members that words leave out.</p>;
  return <ul class="diff">{props.lines.map((line, at) => <li key={at} class={line.sign === "-" ? "gone" : "come"}><span aria-hidden="true">{line.sign === "-" ? "−" : "+"}</span><span class="visually-hidden">{signWords[line.sign]}: </span><span class="wrap pre">{line.text}</span></li>)}</ul>;
}

function Bars(props: { from: Flag | null; to: Flag | null }) {
  const bar = (flag: Flag | null) => flag && mixOf(flag) && <SharesBar shares={flag.on ? sharesOf(flag, flag.fallthrough) : sharesOf(flag, { variation: flag.offVariation ?? 0 })} />;
  const from = bar(props.from), to = bar(props.to);
  return from && to ? <div class="diff-bars">{from}<span class="muted" aria-hidden="true">→</span>{to}</div> : null;
}

export function History(props: { changes: readonly FlagChange[]; more: boolean; older: () => void; putBack?: (to: Flag) => void }) {
  if (props.changes.length === 0) return <Empty title="No changes are kept" />;
  return <>
    <ol class="flag-history">{props.changes.map((change, at) => <li key={change.id}>
      <div class="history-head">
        <strong>Version {change.version}</strong>
        <span class="muted"><time dateTime={change.time} title={change.time}>{moment(timeOf(change.time))}</time>, {ago(timeOf(change.time))}, by <span title={change.by}>{lastPart(change.by)}</span></span>
        {change.origin === "config" && <span class="tag">configuration</span>}
        {change.from === null && <span class="tag accent">created</span>}{change.to === null && <span class="tag fail">deleted</span>}
        {props.putBack && change.to !== null && at > 0 && <button type="button" class="button plain small" onClick={() => { if (change.to) props.putBack?.(change.to); }}>Put back</button>}
      </div>
      {change.comment !== "" && <p class="history-why">{change.comment}</p>}
      <Bars from={change.from} to={change.to} />
      {change.from !== null && change.to !== null && <DiffLines lines={differenceOf(describe(change.from), describe(change.to))} />}
      {change.from === null && change.to !== null && <p class="muted small wrap">{describe(change.to).find((line) => line.startsWith("everybody"))}</p>}
    </li>)}</ol>
    {props.more && <p class="history-more"><button type="button" class="button small" onClick={props.older}>Older versions</button></p>}
  </>;
}
