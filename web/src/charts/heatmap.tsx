// How the values of a column spread over time. Dragging marks a rectangle of it.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Heatmap, QuerySpec } from "../api/types";
import { count, moment, timeOf, type Unit, withUnit, short } from "../format";
import { useStore } from "../state/store";
import { resolved, theme } from "../state/theme";

/** The heatmap with a column for every bucket of the question: the answer has those with events. */
export function withEveryBucket(heatmap: Heatmap, query: QuerySpec): Heatmap {
  const step = Math.max(1, query.granularity ?? 60), from = Math.floor((query.start_time ?? 0) / step) * step;
  const length = Math.min(20_000, Math.max(1, Math.ceil(((query.end_time ?? from) - from) / step)));
  const none = new Array<number>(Math.max(0, heatmap.edges.length - 1)).fill(0);
  const counts = new Array<number[]>(length).fill(none);
  heatmap.times.forEach((time, at) => {
    const place = Math.floor((timeOf(time) / 1000 - from) / step), column = heatmap.counts[at];
    if (column && place >= 0 && place < length) counts[place] = column;
  });
  return { ...heatmap, times: counts.map((_column, at) => new Date((from + at * step) * 1000).toISOString()), counts };
}

export interface Rectangle { start_time: number; end_time: number; min: number; max: number }

interface Props {
  heatmap: Heatmap;
  granularity_s: number;
  unit: Unit;
  height?: number;
  selected?: Rectangle | undefined;
  select: (rectangle: Rectangle) => void;
}

const left = 62, bottom = 26, top = 8, right = 8;

function channels(color: string): [number, number, number] {
  const hex = color.replace("#", "");
  return [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as [number, number, number];
}

/** Colours from few to many; the scale is that of the square root, so that rare values are seen. */
function ramp(): (share: number) => string {
  const stops = [1, 2, 3, 4].map((at) => channels(resolved(`var(--heat-${at})`)));
  return (share) => {
    const place = Math.min(0.9999, Math.max(0, Math.sqrt(share))) * (stops.length - 1);
    const low = stops[Math.floor(place)] ?? [0, 0, 0], high = stops[Math.floor(place) + 1] ?? low, part = place % 1;
    return `rgb(${low.map((one, at) => Math.round(one + ((high[at] ?? one) - one) * part)).join(" ")})`;
  };
}

export function HeatmapChart(props: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const holder = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [drag, setDrag] = useState<{ x0: number; y0: number; x1: number; y1: number } | null>(null);
  const [hover, setHover] = useState<{ x: number; y: number } | null>(null);
  const { version } = useStore(theme);
  const { heatmap, unit, height = 260 } = props;
  const bins = Math.max(1, heatmap.edges.length - 1), columns = Math.max(1, heatmap.times.length);
  const first = timeOf(heatmap.times[0] ?? "") / 1000;
  const plotWidth = Math.max(1, width - left - right), plotHeight = height - top - bottom;

  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || width === 0) return;
    const ratio = devicePixelRatio || 1;
    element.width = Math.round(width * ratio);
    element.height = Math.round(height * ratio);
    context.scale(ratio, ratio);
    context.clearRect(0, 0, width, height);
    context.fillStyle = resolved("var(--heat-0)");
    context.fillRect(left, top, plotWidth, plotHeight);
    const most = Math.max(1, ...heatmap.counts.map((column) => Math.max(0, ...column)));
    const color = ramp();
    heatmap.counts.forEach((column, at) => {
      const x = Math.floor(left + (at / columns) * plotWidth), w = Math.max(1, Math.floor(left + ((at + 1) / columns) * plotWidth) - x);
      column.forEach((value, bin) => {
        if (value <= 0) return;
        const y = Math.floor(top + plotHeight - ((bin + 1) / bins) * plotHeight), h = Math.max(1, Math.ceil(top + plotHeight - (bin / bins) * plotHeight) - y);
        context.fillStyle = color(value / most);
        context.fillRect(x, y, w, h);
      });
    });
    context.fillStyle = resolved("var(--muted)");
    context.font = `12px ${resolved("var(--sans)")}`;
    context.textAlign = "right";
    context.textBaseline = "middle";
    const everyBin = Math.max(1, Math.round(bins / Math.max(2, Math.floor(plotHeight / 34))));
    for (let bin = 0; bin <= bins; bin += everyBin) {
      const edge = heatmap.edges[bin];
      if (edge === undefined) continue;
      const y = top + plotHeight - (bin / bins) * plotHeight;
      context.fillText(unit === "none" || unit === "count" ? short(edge) : withUnit(edge, unit), left - 8, Math.max(top + 6, y));
    }
    context.textAlign = "center";
    context.textBaseline = "top";
    const everyColumn = Math.max(1, Math.ceil(columns / Math.max(2, Math.floor(plotWidth / 90))));
    for (let at = 0; at < columns; at += everyColumn) {
      const x = left + ((at + 0.5) / columns) * plotWidth;
      if (x < left + 24 || x > width - 30) continue;
      context.fillText(moment((first + at * props.granularity_s) * 1000), x, top + plotHeight + 7);
    }
  }, [heatmap, width, height, version, unit]);

  const edgeAt = (y: number, upper: boolean) => {
    const share = Math.min(1, Math.max(0, (top + plotHeight - y) / plotHeight)) * bins;
    const bin = upper ? Math.ceil(share - 1e-9) : Math.floor(share);
    return heatmap.edges[Math.min(bins, Math.max(0, bin))] ?? 0;
  };
  const timeAt = (x: number, upper: boolean) => {
    const share = Math.min(1, Math.max(0, (x - left) / plotWidth)) * columns;
    return first + (upper ? Math.ceil(share - 1e-9) : Math.floor(share)) * props.granularity_s;
  };
  const place = (event: PointerEvent) => {
    const box = canvas.current?.getBoundingClientRect();
    return { x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) };
  };
  const finish = () => {
    if (!drag) return;
    const [x0, x1] = [Math.min(drag.x0, drag.x1), Math.max(drag.x0, drag.x1)], [y0, y1] = [Math.min(drag.y0, drag.y1), Math.max(drag.y0, drag.y1)];
    setDrag(null);
    setHover(null);
    if (x1 - x0 < 4 || y1 - y0 < 4) return;
    props.select({ start_time: timeAt(x0, false), end_time: timeAt(x1, true), min: edgeAt(y1, false), max: edgeAt(y0, true) });
  };

  const boxOf = (rectangle: Rectangle) => {
    const x = (time: number) => left + ((time - first) / (columns * props.granularity_s)) * plotWidth;
    const binOf = (value: number) => { const at = heatmap.edges.findIndex((edge) => edge >= value); return at < 0 ? bins : at; };
    const y = (value: number) => top + plotHeight - (binOf(value) / bins) * plotHeight;
    return { left: `${x(rectangle.start_time)}px`, width: `${Math.max(2, x(rectangle.end_time) - x(rectangle.start_time))}px`, top: `${y(rectangle.max)}px`, height: `${Math.max(2, y(rectangle.min) - y(rectangle.max))}px` };
  };
  let tip = null;
  if (hover && !drag && hover.x > left && hover.y < top + plotHeight) {
    const at = Math.min(columns - 1, Math.floor(((hover.x - left) / plotWidth) * columns)), bin = Math.min(bins - 1, Math.max(0, Math.floor(((top + plotHeight - hover.y) / plotHeight) * bins)));
    tip = <div class="tip" aria-hidden="true" style={{ top: `${hover.y + 14}px`, ...(hover.x > width / 2 ? { right: `${width - hover.x + 10}px` } : { left: `${hover.x + 10}px` }) }}>
      <strong>{count(heatmap.counts[at]?.[bin] ?? 0)}</strong> between {withUnit(heatmap.edges[bin] ?? 0, unit)} and {withUnit(heatmap.edges[bin + 1] ?? 0, unit)}<div class="muted">{moment((first + at * props.granularity_s) * 1000)}</div>
    </div>;
  }
  return <div class="chart heatmap" ref={holder}>
    <canvas ref={canvas} style={{ height: `${height}px` }} role="img" aria-label={`Heatmap of ${heatmap.column} over time, ${count(heatmap.total)} values`}
      onPointerDown={(event) => { const at = place(event); event.currentTarget.setPointerCapture(event.pointerId); setDrag({ x0: at.x, y0: at.y, x1: at.x, y1: at.y }); }}
      onPointerMove={(event) => { const at = place(event); setHover(at); if (drag) setDrag({ ...drag, x1: at.x, y1: at.y }); }}
      onPointerUp={finish} onPointerCancel={() => setDrag(null)} onPointerLeave={() => setHover(null)} />
    {drag && <div class="heat-box" style={{ left: `${Math.min(drag.x0, drag.x1)}px`, width: `${Math.abs(drag.x1 - drag.x0)}px`, top: `${Math.min(drag.y0, drag.y1)}px`, height: `${Math.abs(drag.y1 - drag.y0)}px` }} />}
    {!drag && props.selected && width > 0 && <div class="heat-box" style={boxOf(props.selected)} />}
    {tip}
  </div>;
}
