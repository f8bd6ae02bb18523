import type { ModeState } from "../../api/types";
import { ago, percent, timeOf, withoutFolders } from "../../format";
import { effect, modeColor, modes } from "../../modes";
import { ModeName } from "../../ui/parts";

/** The mix in force, in one line of colour and words. */
export function ModeNow(props: { mode: ModeState; change: () => void }) {
  const { mix, changed, error, targeted } = props.mode;
  if (!mix) return <section class="panel mode-now"><p class="problem" role="alert">{error} Every request gets control_only until a mode is set.</p><button type="button" class="button primary" onClick={props.change}>Set a mode</button></section>;
  const { candidateAnswers } = effect(mix);
  return <section class="panel mode-now" aria-label="Mode now">
    <div class="mode-words">
      <div class="mode-figure"><strong>{percent(candidateAnswers)}</strong> of users get the candidate</div>
      <ul class="mode-list">{modes.map((one) => mix[one.mode] > 0 && <li key={one.mode}><ModeName mode={one.mode} /> <strong>{percent(mix[one.mode])}</strong></li>)}{targeted && <li class="tag wait">targets or rules decide first</li>}</ul>
      {changed && <p class="muted small">Set {ago(timeOf(changed.time))} by {withoutFolders(changed.by)}{changed.reason ? `: ${changed.reason}` : ""}</p>}
    </div>
    <button type="button" class="button primary" onClick={props.change}>Change the mode</button>
    <div class="bar" aria-hidden="true">{modes.map((one) => mix[one.mode] > 0 && <span key={one.mode} style={{ width: `${mix[one.mode]}%`, background: modeColor(one.mode) }} />)}</div>
  </section>;
}
