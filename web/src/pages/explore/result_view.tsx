// What a question found: charts, the table of its groups, heatmaps. Also used for stored results and
// on boards.
import { useEffect, useState } from "preact/hooks";
import type { Scalar } from "../../api/json";
import type { Column, Heatmap, Marker, QueryAnswer, Row } from "../../api/types";
import { groupKey, groupLabel, type Grid, gridOf, valueText } from "../../charts/grid";
import { HeatmapChart, type Rectangle, withEveryBucket } from "../../charts/heatmap";
import { type Line, LineChart } from "../../charts/lines";
import { count, duration, scalar, timeOf, type Unit, unitOf } from "../../format";
import { Empty, Panel, TableScroll } from "../../ui/parts";
import type { View } from "./spec";

interface Props {
  answer: QueryAnswer;
  markers: readonly Marker[];
  view: View;
  columns?: readonly Column[] | undefined;
  /** Only the events whose column has this value, or only the others. */
  filter?: ((column: string, value: Scalar, keep: boolean) => void) | undefined;
  sort?: ((name: string) => void) | undefined;
  zoom?: ((from: number, to: number) => void) | undefined;
  /** A part of the heatmap of a column and a group was marked. */
  select?: ((column: string, rectangle: Rectangle, group: Row) => void) | undefined;
  selected?: (Rectangle & { group?: string }) | undefined;
  height?: number | undefined;
}

/** The unit of "P99(duration_ms)": that of its column, as the server describes it. */
export function unitOfCalculation(key: string, columns: readonly Column[] | undefined): Unit {
  const inner = /\(([^()]+)\)$/.exec(key)?.[1] ?? key;
  if (/^(COUNT|COUNT_DISTINCT|CONCURRENCY)\b/.test(key)) return "count";
  return unitOf(key, columns?.find((one) => one.name === inner)?.unit);
}

function linesFor(grid: Grid, name: string): Line[] {
  return grid.groups.map((group) => ({ label: group.label, color: group.color, ...(group.dash ? { dash: group.dash } : {}), values: group.values[name] ?? [] }))
    .filter((line) => line.values.some((value) => value !== null));
}

function before(answer: QueryAnswer, grid: Grid, name: string): Line[] {
  const { compare } = answer.data;
  if (!compare) return [];
  const old = gridOf(answer, { series: compare.series, results: compare.results });
  return old.groups.map((group) => ({
    label: `${group.label}, ${duration(Math.abs(compare.offset_seconds) * 1000)} before`, color: grid.groups.find((one) => one.key === group.key)?.color ?? group.color, dash: [3, 3], faint: true, values: group.values[name] ?? [],
  }));
}

function Charts(props: Props & { grid: Grid }) {
  const { answer, grid, view } = props;
  const names = grid.names.filter((name) => !name.startsWith("HEATMAP("));
  return <>{names.map((name) => {
    const lines = [...linesFor(grid, name), ...(view === "stacked" ? [] : before(answer, grid, name))];
    const unit = unitOfCalculation(name, props.columns);
    return <Panel key={name} title={name} class={names.length > 1 ? "half" : ""}>
      {lines.length === 0 ? <Empty title="No values in this time" /> : <LineChart label={`${name} over time, ${lines.length} lines`} times={grid.times} granularity_s={grid.granularity_s} lines={lines} unit={view === "stacked" && unit === "percent" ? "none" : unit}
        height={props.height ?? (names.length > 1 ? 210 : 300)} stacked={view === "stacked"} markers={props.markers} together="explore" {...(props.zoom ? { zoom: props.zoom } : {})} />}
    </Panel>;
  })}</>;
}

function Value(props: { column: string; value: Scalar; filter: Props["filter"] }) {
  const { column, value, filter } = props;
  const text = valueText(column, value);
  if (!filter) return <span class="mono wrap">{text}</span>;
  return <span class="filterable"><button type="button" class="link mono" title={`Only where ${column} is ${text}`} onClick={() => filter(column, value, true)}>{text}</button>
    <button type="button" class="without" title={`Without ${text}`} aria-label={`Only where ${column} is not ${text}`} onClick={() => filter(column, value, false)}>≠</button></span>;
}

export function ResultTable(props: Pick<Props, "answer" | "columns" | "filter" | "sort"> & { grid: Grid; swatches: boolean }) {
  const { answer, grid } = props;
  const breakdowns = answer.query.breakdowns ?? [];
  const names = grid.names.filter((name) => !name.startsWith("HEATMAP("));
  const total = answer.data.total_by_aggregate?.data, other = answer.data.other_by_aggregate?.data;
  // Without groups that were left out, what is left is nothing.
  const left = other !== undefined && Object.values(other).some((value) => value !== null && value !== 0);
  const order = answer.query.orders?.[0];
  const sortedBy = order ? (order.op ? (order.column ? `${order.op}(${order.column})` : order.op) : order.column) : names[0];
  const head = (name: string, number: boolean) => {
    const sorted = name === sortedBy ? (order && order.order !== "descending" ? "ascending" : "descending") : undefined;
    return <th key={name} class={number ? "number" : ""} aria-sort={sorted ?? "none"}>{props.sort ? <button type="button" class="sort" onClick={() => props.sort?.(name)}>{name}{sorted ? (sorted === "ascending" ? " ↑" : " ↓") : ""}</button> : name}</th>;
  };
  const numbers = (row: Row) => names.map((name) => <td key={name} class="number">{scalar(row[name], unitOfCalculation(name, props.columns))}</td>);
  return <TableScroll label="Groups"><table class="data"><thead><tr>{breakdowns.map((name) => head(name, false))}{breakdowns.length === 0 && <th>Group</th>}{names.map((name) => head(name, true))}</tr></thead>
    <tbody>
      {answer.data.results.map((result) => {
        const key = groupKey(result.data, breakdowns);
        const color = grid.groups.find((one) => one.key === key)?.color;
        return <tr key={key} class="can">
          {breakdowns.map((name, at) => <td key={name}><span class="mode wrap-mode">{at === 0 && props.swatches && <span class="swatch" style={{ background: color }} />}<Value column={name} value={result.data[name] ?? null} filter={props.filter} /></span></td>)}
          {breakdowns.length === 0 && <td>{groupLabel({}, [])}</td>}
          {numbers(result.data)}
        </tr>;
      })}
      {other && left && <tr class="muted"><td colSpan={Math.max(1, breakdowns.length)}>all others</td>{numbers(other)}</tr>}
      {total && breakdowns.length > 0 && <tr class="total"><td colSpan={Math.max(1, breakdowns.length)}>total</td>{numbers(total)}</tr>}
    </tbody></table></TableScroll>;
}

/** The same as dragging, for who has no pointer: every value from here to there. */
function SelectByNumbers(props: { heatmap: Heatmap; granularity_s: number; unit: Unit; selected: Rectangle | undefined; select: (rectangle: Rectangle) => void }) {
  const { heatmap } = props;
  const lowest = heatmap.edges[0] ?? 0, highest = heatmap.edges[heatmap.edges.length - 1] ?? 0;
  const [min, setMin] = useState(String(heatmap.edges[Math.floor(heatmap.edges.length * 0.75)] ?? lowest));
  const [max, setMax] = useState(String(highest));
  const { selected } = props;
  useEffect(() => {
    if (!selected) return;
    setMin(String(Number(selected.min.toPrecision(6))));
    setMax(String(Number(selected.max.toPrecision(6))));
  }, [selected?.min, selected?.max]);
  const unit = props.unit === "none" || props.unit === "count" ? "" : ` (${props.unit})`;
  const start = timeOf(heatmap.times[0] ?? "") / 1000;
  return <form class="row by-numbers" onSubmit={(event) => {
    event.preventDefault();
    if (Number.isFinite(Number(min)) && Number.isFinite(Number(max))) props.select({ start_time: start, end_time: start + heatmap.times.length * props.granularity_s, min: Number(min), max: Number(max) });
  }}>
    <span class="muted small">Or compare the values from</span>
    <input class="input" inputMode="decimal" aria-label={`From${unit}`} value={min} onInput={(event) => setMin(event.currentTarget.value)} />
    <span class="muted small">to</span>
    <input class="input" inputMode="decimal" aria-label={`To${unit}`} value={max} onInput={(event) => setMax(event.currentTarget.value)} />
    <span class="muted small">{unit}</span>
    <button type="submit" class="button small">with the others</button>
  </form>;
}

function Heatmaps(props: Props) {
  const { query } = props.answer;
  const heatmaps = (props.answer.data.heatmaps ?? []).map((one) => withEveryBucket(one, query));
  if (heatmaps.length === 0) return <section class="panel"><Empty title="No heatmap was asked for">Add the calculation HEATMAP of a column with numbers, for example duration_ms.</Empty></section>;
  const breakdowns = props.answer.query.breakdowns ?? [];
  const unitFor = (column: string) => unitOf(column, props.columns?.find((one) => one.name === column)?.unit);
  const selectedIn = (one: Heatmap) => (breakdowns.length === 0 || props.selected?.group === groupKey(one.group, breakdowns) ? props.selected : undefined);
  return <>{heatmaps.slice(0, 12).map((one) => <Panel key={one.key + groupKey(one.group, breakdowns)} class={heatmaps.length > 1 ? "half" : ""}
    title={breakdowns.length > 0 ? `${one.key} · ${groupLabel(one.group, breakdowns)}` : one.key}
    hint={<>{count(one.total)} values{one.not_numbers > 0 ? `, ${count(one.not_numbers)} without a number` : ""}{one.scale === "log" ? "; the scale is logarithmic" : ""}. {props.select && "Drag over what looks odd, to see what it has in common."}</>}>
    {one.total === 0 || one.edges.length < 2 ? <Empty title="No numbers in this time" /> : <>
      <HeatmapChart heatmap={one} granularity_s={props.answer.query.granularity ?? 60} unit={unitFor(one.column)} height={props.height ?? (heatmaps.length > 1 ? 200 : 300)} selected={selectedIn(one)} select={(rectangle) => props.select?.(one.column, rectangle, one.group)} />
      {props.select && <SelectByNumbers heatmap={one} granularity_s={props.answer.query.granularity ?? 60} unit={unitFor(one.column)} selected={selectedIn(one)} select={(rectangle) => props.select?.(one.column, rectangle, one.group)} />}
    </>}
  </Panel>)}</>;
}

export function ResultView(props: Props) {
  const { answer, view } = props;
  const grid = gridOf(answer);
  const empty = answer.data.results.length === 0 && (answer.data.heatmaps?.length ?? 0) === 0;
  return <div class="grid">
    {answer.warnings?.map((warning) => <p class="advice" key={warning}>{warning}</p>)}
    {!answer.complete && <p class="problem">Not all events of this time are here any more{answer.complete_since ? `: they are complete since ${answer.complete_since}` : ""}.</p>}
    {view === "heatmap" && answer.heatmaps_cut && <p class="advice">Only the largest groups have a heatmap.</p>}
    {(answer.groups_cut || answer.series_cut) && <p class="advice">There are more groups than are shown. Ask for more under “at most”, or narrow it down with a filter.</p>}
    {empty ? <section class="panel"><Empty title="Nothing matches in this time">Remove a filter or look at a longer time.</Empty></section>
      : view === "heatmap" ? <Heatmaps {...props} />
        : <>{view !== "table" && <Charts {...props} grid={grid} />}
          {grid.names.some((name) => !name.startsWith("HEATMAP(")) && <Panel title={view === "table" ? "Groups" : "In all of this time"} flush><ResultTable answer={answer} columns={props.columns} filter={props.filter} sort={props.sort} grid={grid} swatches={view !== "table"} /></Panel>}</>}
  </div>;
}
