import { moment } from "../format";
import { setQuery } from "../state/location";
import { lasts, type TimeRange } from "../state/time_range";

/** `choose` says what a choice does; without, it goes into the address as last=. */
export function TimeRangeChoice(props: { range: TimeRange; auto?: string; of?: string; choose?: (last: string | undefined) => void }) {
  const { range } = props;
  const chosen = range.from !== undefined ? "part" : (range.last ?? "auto");
  const choose = props.choose ?? ((last: string | undefined) => setQuery({ last, from: undefined, to: undefined }));
  return <div class="range">{props.of && <span class="muted small">{props.of}</span>}<div class="segmented" role="group" aria-label={props.of ?? "Time"}>
    <button type="button" aria-pressed={chosen === "auto"} title="From the first event, at most a day" onClick={() => choose(undefined)}>{props.auto ?? "All"}</button>
    {lasts.map((last) => <button type="button" key={last} aria-pressed={chosen === last} onClick={() => choose(last)}>{last}</button>)}
    {range.from !== undefined && range.to !== undefined && <button type="button" class="part" aria-pressed="true" title="Back to all of it" onClick={() => choose(undefined)}>{moment(range.from * 1000)} – {moment(range.to * 1000)} ✕</button>}
  </div></div>;
}

/** What a chart calls when a part of the time is dragged over. */
export function zoomInto(from: number, to: number): void {
  setQuery({ last: undefined, from: String(from), to: String(Math.max(to, from + 2)) });
}
