import { percent } from "../../format";
import { isMode, modeColor } from "../../modes";
import { ModeName } from "../../ui/parts";
import type { Share } from "./words";

export function shareColor(share: Share): string { return isMode(share.text) ? modeColor(share.text) : `var(--series-${(share.variation % 10) + 1})`; }

export function SharesBar(props: { shares: readonly Share[]; tall?: boolean }) {
  return <div class={`bar ${props.tall ? "tall" : ""}`} aria-hidden="true">{props.shares.map((one) => <span key={one.variation} style={{ width: `${one.share}%`, background: shareColor(one) }} />)}</div>;
}

export function SharesList(props: { shares: readonly Share[] }) {
  if (props.shares.length === 0) return <span class="muted">nothing</span>;
  return <ul class="mode-list">{props.shares.map((one) => <li key={one.variation}>
    {isMode(one.text) ? <ModeName mode={one.text} /> : <span class="mode">{props.shares.length > 1 && <span class="swatch" style={{ background: shareColor(one) }} />}<code>{one.text}</code></span>}
    {props.shares.length > 1 || one.share !== 100 ? <strong> {percent(one.share)}</strong> : null}
  </li>)}</ul>;
}
