// Markers on the time axis of a chart: a line each, and a sign at its top that says what it was.
import { useState } from "preact/hooks";
import type { Marker } from "../api/types";
import { moment, timeOf, withoutFolders } from "../format";

export interface PlacedMarker { left: number; type: string; color: string; lines: { time: number; text: string; type: string }[] }

export function markerColor(type: string): string {
  return type === "flag_change" ? "var(--accent)" : type === "verdict" ? "var(--pass)" : "var(--line-strong)";
}

/** Where the markers stand, in pixels from the left of the plot; those too near to each other become one. */
export function placeMarkers(markers: readonly Marker[], positionOf: (time_s: number) => number, width: number): PlacedMarker[] {
  const placed: PlacedMarker[] = [];
  for (const marker of [...markers].sort((a, b) => timeOf(a.time) - timeOf(b.time))) {
    const time = timeOf(marker.time);
    const left = Math.round(positionOf(time / 1000));
    if (left < 0 || left > width) continue;
    const line = { time, text: withoutFolders(marker.message ?? marker.type), type: marker.type };
    const last = placed[placed.length - 1];
    if (last && left - last.left < 9) {
      last.lines.push(line);
      if (marker.type === "flag_change") { last.type = marker.type; last.color = markerColor(marker.type); }
    } else placed.push({ left, type: marker.type, color: markerColor(marker.type), lines: [line] });
  }
  return placed;
}

export function MarkerFlags(props: { markers: readonly PlacedMarker[] }) {
  const [shown, setShown] = useState<number | null>(null);
  const open = shown === null ? undefined : props.markers[shown];
  return <>
    {props.markers.map((marker, at) => <button type="button" key={`${marker.left}/${at}`} class={`marker-flag ${marker.type}`} style={{ left: `${marker.left}px` }}
      aria-label={marker.lines.map((line) => `${moment(line.time)} ${line.text}`).join("; ")}
      onMouseEnter={() => setShown(at)} onMouseLeave={() => setShown(null)} onFocus={() => setShown(at)} onBlur={() => setShown(null)} />)}
    {open && <div class="tip" aria-hidden="true" style={{ top: "18px", ...(open.left > 300 ? { right: `calc(100% - ${open.left}px)` } : { left: `${open.left}px` }) }}>
      {open.lines.map((line) => <div key={line.time}><span class="muted">{moment(line.time)}</span> {line.text}</div>)}
    </div>}
  </>;
}
