import { useState } from "preact/hooks";
import type { Flag } from "../../api/types";
import { percent } from "../../format";
import { effect } from "../../modes";
import { ChangeDialog } from "../../ui/change";
import { DiffLines } from "./history";
import { SharesBar } from "./shares";
import { describe, differenceOf, kindOf, mixOf, sharesOf, targeted, variationText } from "./words";

interface Props { flag: Flag; put: (to: Flag, by: string, reason: string) => Promise<void>; look: () => void; close: () => void }

function WhatChanges(props: { from: Flag; to: Flag }) {
  return <div><h3>What will be different</h3><DiffLines lines={differenceOf(describe(props.from), describe(props.to))} /></div>;
}

/** What a mode flag's change does to users, when more of them get what the candidate answers. */
function MoreOfTheCandidate(props: { from: Flag; to: Flag }) {
  const before = mixOf(props.from), after = mixOf(props.to);
  if (!before || !after) return null;
  const old = effect(before).candidateAnswers, next = effect(after).candidateAnswers;
  return next > old ? <p class="problem">{percent(next)} of users instead of {percent(old)} get the candidate's answers{targeted(props.to) && props.to.on ? ", besides those whom targets and rules decide for" : ""}. If it fails, they see that.</p> : null;
}

/** Weights of a whole of 100,000; what rounding leaves goes to the largest. */
function weightsOf(shares: readonly number[]): number[] {
  const weights = shares.map((share) => Math.round(share * 1000));
  const rest = 100_000 - weights.reduce((sum, one) => sum + one, 0);
  const largest = weights.indexOf(Math.max(...weights));
  if (rest !== 0 && largest >= 0) weights[largest] = (weights[largest] ?? 0) + rest;
  return weights;
}

/** The shares of everybody whom no target and no rule decides for. */
export function ChangePercentages(props: Props) {
  const { flag } = props;
  const before = flag.variations.map((_value, at) => sharesOf(flag, flag.fallthrough).find((one) => one.variation === at)?.share ?? 0);
  const [shares, setShares] = useState(before);
  const sum = Math.round(shares.reduce((all, one) => all + one, 0) * 1000) / 1000;
  const same = shares.every((share, at) => share === before[at]);
  const after = (): Flag => {
    const whole = shares.findIndex((share) => share === 100);
    if (whole >= 0) return { ...flag, fallthrough: { variation: whole } };
    const weights = weightsOf(shares);
    // In the order of before: a user's place is fixed, and what moves is where one share ends.
    const kept = flag.fallthrough?.rollout, order = [...new Set([...(kept?.variations ?? []).map((one) => one.variation), ...weights.keys()])];
    return { ...flag, fallthrough: { rollout: { ...kept, variations: order.map((variation) => ({ variation, weight: weights[variation] ?? 0 })).filter((one) => one.weight > 0) } } };
  };
  const set = (at: number, share: number) => setShares(shares.map((one, index) => (index === at ? Math.min(100, Math.max(0, Number.isFinite(share) ? share : 0)) : one)));
  return <ChangeDialog title={`Percentages of ${flag.key}`} action="Set these percentages" history why="the new colour held up" ready={sum === 100 && !same}
    notReady={sum !== 100 ? `The shares add up to ${percent(sum)}, not 100%.` : same ? "This is what it serves now." : ""}
    submit={(by, reason) => props.put(after(), by, reason)} look={props.look} close={props.close}>
    <SharesBar tall shares={shares.map((share, variation) => ({ share, variation, text: variationText(flag, variation) })).filter((one) => one.share > 0)} />
    <ul class="mix-editor">{flag.variations.map((_value, at) => <li key={at}>
      <label for={`share-${at}`}><code class="wrap">{variationText(flag, at)}</code></label>
      <span class="share"><input id={`share-${at}`} class="input number" type="number" min="0" max="100" step="any" value={shares[at]} onInput={(event) => set(at, event.currentTarget.valueAsNumber)} />%</span>
      <button type="button" class="button small" disabled={sum === 100} aria-label={`Give the rest to ${variationText(flag, at)}`} onClick={() => set(at, Math.round(((shares[at] ?? 0) + 100 - sum) * 1000) / 1000)}>rest</button>
    </li>)}</ul>
    {targeted(flag) && <p class="advice">Targets and rules decide first. These shares are for everybody else.</p>}
    {!flag.on && <p class="advice">The flag is off: this holds as soon as it is turned on.</p>}
    {sum === 100 && !same && <><WhatChanges from={flag} to={after()} /><MoreOfTheCandidate from={flag} to={after()} /><p class="advice">Programs that listen get it at once. Every user has a fixed place between 0 and 100%; those whose place is in another share now get another variation.</p></>}
  </ChangeDialog>;
}

export function SwitchFlag(props: Props) {
  const { flag } = props;
  const to = { ...flag, on: !flag.on };
  return <ChangeDialog title={`Turn ${flag.key} ${flag.on ? "off" : "on"}?`} action={`Turn it ${flag.on ? "off" : "on"}`} danger={flag.on} history why={flag.on ? "it does harm" : "ready to try"}
    submit={(by, reason) => props.put(to, by, reason)} look={props.look} close={props.close}>
    <p>{flag.on ? <>Everybody gets <code>{variationText(flag, flag.offVariation)}</code> from the next request on; targets, rules and percentages stay and wait.</> : <>Targets, rules and percentages decide again, from the next request on.</>}</p>
    <MoreOfTheCandidate from={flag} to={to} />
    {kindOf(flag) === "mode" && <p class="advice">It is the mode of a migration: a new evidence window begins.</p>}
  </ChangeDialog>;
}

/** Makes an older version the newest one. */
export function PutBack(props: Props & { to: Flag }) {
  const { flag } = props;
  const to = { ...props.to, version: flag.version };
  const lines = differenceOf(describe(flag), describe(to));
  return <ChangeDialog title={`Put back version ${props.to.version} of ${flag.key}?`} action="Put it back" history why="as it was before" ready={lines.length > 0} notReady={lines.length === 0 ? "It is like this now." : ""}
    submit={(by, reason) => props.put(to, by, reason)} look={props.look} close={props.close}>
    <WhatChanges from={flag} to={to} />
    <MoreOfTheCandidate from={flag} to={to} />
    <p class="advice">It becomes version {flag.version + 1}; the versions between stay in the history.{kindOf(flag) === "mode" && " A new evidence window begins."}</p>
  </ChangeDialog>;
}
