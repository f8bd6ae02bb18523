// Lines or stacked areas over time, with markers, a crosshair and a legend that shows its values.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { Marker } from "../api/types";
import { duration, moment, short, type Unit, withUnit } from "../format";
import { useStore } from "../state/store";
import { resolved, theme } from "../state/theme";
import { MarkerFlags, type PlacedMarker, placeMarkers } from "./marker_flags";
import type { Values } from "./grid";

export interface Line { label: string; color: string; dash?: number[]; values: Values; faint?: boolean }

interface Props {
  /** What the chart says, for who cannot see it. */
  label: string;
  times: readonly number[];
  granularity_s: number;
  lines: readonly Line[];
  unit: Unit;
  height?: number;
  /** Values on top of each other; of a whole when they are shares. */
  stacked?: boolean;
  markers?: readonly Marker[];
  /** Charts of one name share their crosshair. */
  together?: string;
  /** Called with a part of the time (Unix seconds) that was dragged over. */
  zoom?: (from: number, to: number) => void;
}

/** Sums from the last line to the first; a bucket without any value stays a gap. */
function stack(lines: readonly Line[], hidden: ReadonlySet<string>, length: number): Values[] {
  const sums = new Array<number>(length).fill(0);
  const any = new Array<boolean>(length).fill(false);
  for (const line of lines) line.values.forEach((value, at) => { if (value !== null) any[at] = true; });
  const out: Values[] = [];
  for (let at = lines.length - 1; at >= 0; --at) {
    const line = lines[at];
    if (!line) continue;
    out[at] = sums.map((sum, index) => {
      if (!hidden.has(line.label)) sums[index] = sum + (line.values[index] ?? 0);
      return any[index] ? (sums[index] ?? 0) : null;
    });
  }
  return out;
}

/** Points that have no neighbour would not be seen as a line. */
function lonely(values: ArrayLike<number | null | undefined>): number[] {
  const found: number[] = [];
  for (let at = 0; at < values.length; ++at) {
    const there = (index: number) => values[index] !== null && values[index] !== undefined;
    if (there(at) && !there(at - 1) && !there(at + 1)) found.push(at);
  }
  return found;
}

/** From zero, except for shares that are all near 100: there zero would hide every dip. */
function yRange(unit: Unit, stacked: boolean, low: number | null, high: number | null): [number, number] {
  if (unit === "percent") {
    if (stacked) return [0, 100];
    if (low !== null && high !== null && high <= 100 && low >= 0) {
      if (low >= 99.5) return [99, 100.05];
      if (low >= 90) return [Math.floor(low - 1), 100.4];
      return [0, 102];
    }
  }
  const top = high === null || high <= 0 ? 1 : high * 1.06;
  return [low !== null && low < 0 ? low * 1.06 : 0, low !== null && low < 0 && (high ?? 0) <= 0 ? 0 : top];
}

const timeSteps: uPlot.Axis.Values = (_plot, splits, _axis, _space, step) => splits.map((split, at) => {
  const time = new Date(split * 1000);
  const before = at > 0 ? new Date((splits[at - 1] ?? 0) * 1000) : null;
  const two = (number: number) => String(number).padStart(2, "0");
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}${step < 60 ? `:${two(time.getSeconds())}` : ""}`;
  const otherDay = before !== null && before.toDateString() !== time.toDateString();
  return step >= 86_400 || otherDay ? `${time.getDate()} ${time.toLocaleString("en-GB", { month: "short" })}` : clock;
});

export function LineChart(props: Props) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [flags, setFlags] = useState<PlacedMarker[]>([]);
  const { version } = useStore(theme);
  const { times, lines, unit, stacked = false, height = 220 } = props;
  const latest = useRef(props);
  latest.current = props;

  const data = useMemo<uPlot.AlignedData>(() => [[...times], ...(stacked ? stack(lines, hidden, times.length) : lines.map((line) => line.values))], [times, lines, stacked, stacked ? hidden : null]);

  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const text = resolved("var(--muted)"), grid = resolved("var(--line)"), font = `12px ${resolved("var(--sans)")}`;
    const options: uPlot.Options = {
      width: Math.max(120, element.clientWidth), height,
      padding: [14, 26, 0, 0],
      legend: { show: false },
      cursor: {
        points: { show: lines.length <= 20 && !stacked, size: 6 },
        drag: { x: props.zoom !== undefined, y: false, setScale: false },
        ...(props.together === undefined ? {} : { sync: { key: props.together } }),
      },
      scales: {
        x: { time: true, range: () => { const all = latest.current.times; return [all[0] ?? 0, (all[all.length - 1] ?? 1) + (all.length < 2 ? latest.current.granularity_s : 0)]; } },
        y: { range: (_plot, low, high) => yRange(unit, stacked, low, high) },
      },
      axes: [
        { stroke: text, grid: { show: false }, ticks: { stroke: grid, size: 4 }, font, size: 28, gap: 4, space: 64, values: timeSteps },
        { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font, gap: 6, space: 34,
          size: (_plot, values) => 14 + 7 * Math.max(2, ...(values ?? []).map((value) => String(value).length)),
          values: (_plot, splits) => splits.map((value) => (unit === "percent" ? (value > 100 ? "" : `${Number(value.toFixed(2))}%`) : unit === "count" || unit === "none" ? short(value) : withUnit(value, unit))) },
      ],
      series: [{}, ...lines.map((line): uPlot.Series => {
        const color = resolved(line.color);
        return {
          label: line.label, stroke: line.faint ? `${color}88` : color, width: stacked ? 1 : line.faint ? 1 : 1.75, show: !hidden.has(line.label),
          ...(line.dash && !stacked ? { dash: line.dash } : {}),
          ...(stacked ? { fill: `${color}cc` } : {}),
          points: { show: true, size: 5, width: 1.5, fill: color, stroke: color, filter: (self, series) => lonely(self.data[series] ?? []) },
        };
      })],
      ...(stacked ? { bands: lines.slice(1).map((_line, index) => ({ series: [index + 1, index + 2] as [number, number] })) } : {}),
      hooks: {
        setCursor: [(self) => setAt(self.cursor.idx ?? null)],
        setSelect: [(self) => {
          const { left, width } = self.select;
          if (width < 6) return;
          const from = self.posToVal(left, "x"), to = self.posToVal(left + width, "x");
          self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          latest.current.zoom?.(Math.floor(from), Math.ceil(to));
        }],
        draw: [(self) => {
          const placed = placeMarkers(latest.current.markers ?? [], (time) => self.valToPos(time, "x"), self.over.clientWidth);
          const ratio = devicePixelRatio, context = self.ctx;
          context.save();
          context.lineWidth = ratio;
          for (const one of placed) {
            context.strokeStyle = resolved(one.color);
            context.setLineDash(one.type === "flag_change" ? [] : [3 * ratio, 3 * ratio]);
            const x = Math.round(self.bbox.left + one.left * ratio) + 0.5;
            context.beginPath();
            context.moveTo(x, self.bbox.top);
            context.lineTo(x, self.bbox.top + self.bbox.height);
            context.stroke();
          }
          context.restore();
          const offset = self.over.offsetLeft;
          queueMicrotask(() => setFlags((before) => { const next = placed.map((one) => ({ ...one, left: one.left + offset })); return JSON.stringify(before) === JSON.stringify(next) ? before : next; }));
        }],
      },
    };
    const made = new uPlot(options, data, element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: Math.max(120, element.clientWidth), height }));
    observer.observe(element);
    return () => { observer.disconnect(); made.destroy(); plot.current = null; };
    // A chart is made anew when its lines or colours change; new values of the same lines are set below.
  }, [lines.map((line) => `${line.label} ${line.color} ${line.faint ?? ""}`).join(), unit, stacked, height, version, props.zoom !== undefined]);

  const drawn = useRef(data);
  useEffect(() => { if (drawn.current !== data) { drawn.current = data; plot.current?.setData(data); } }, [data]);
  useEffect(() => { plot.current?.redraw(false, false); }, [props.markers]);

  const toggle = (label: string, only: boolean) => {
    let next = new Set(hidden);
    if (only) next = hidden.size === lines.length - 1 && !hidden.has(label) ? new Set() : new Set(lines.map((line) => line.label).filter((other) => other !== label));
    else if (!next.delete(label)) next.add(label);
    setHidden(next);
    lines.forEach((line, index) => plot.current?.setSeries(index + 1, { show: !next.has(line.label) }));
  };

  const time = at === null ? undefined : times[at];
  return <div class="chart">
    <div class="chart-canvas" ref={holder} role="img" aria-label={props.label} style={{ minHeight: `${height}px` }} />
    <MarkerFlags markers={flags} />
    <div class="chart-time" aria-hidden="true">{time === undefined ? ` ` : `${moment(time * 1000)} · ${duration(props.granularity_s * 1000)}`}</div>
    <div class="legend" role="group" aria-label="Lines">
      {lines.map((line) => {
        const value = at === null ? undefined : line.values[at];
        return <button type="button" key={line.label} aria-pressed={!hidden.has(line.label)} title={`${line.label}: click hides or shows it, Shift and click shows it alone`}
          onClick={(event) => toggle(line.label, event.shiftKey)}>
          <svg width="16" height="10" aria-hidden="true"><line x1="0" x2="16" y1="5" y2="5" stroke={line.color} stroke-width={stacked ? 8 : 2.5} stroke-dasharray={stacked ? undefined : line.dash?.join(" ")} /></svg>
          <span class="name">{line.label}</span>
          {at !== null && <span class="value">{value === null || value === undefined ? "–" : withUnit(value, unit)}</span>}
        </button>;
      })}
    </div>
  </div>;
}
