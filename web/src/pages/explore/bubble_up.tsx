import type { Scalar } from "../../api/json";
import type { BubbleUp, BubbleUpColumn } from "../../api/types";
import { count, percent, unitOf, withUnit } from "../../format";
import { Empty, Loaded, Panel } from "../../ui/parts";
import type { Remote } from "../../state/store";

type Filter = (column: string, value: Scalar, keep: boolean) => void;

function Bars(props: { selection: number; baseline: number }) {
  return <span class="twin" aria-hidden="true"><span class="of-selection" style={{ width: `${props.selection * 100}%` }} /><span class="of-baseline" style={{ width: `${props.baseline * 100}%` }} /></span>;
}

function Dimension(props: { column: BubbleUpColumn; filter: Filter }) {
  const { column } = props;
  return <ul class="bubble-values">{column.values?.slice(0, 6).map((one) => <li key={String(one.value)}>
    <button type="button" class="link mono" title={`Only where ${column.column} is ${String(one.value)}`} onClick={() => props.filter(column.column, one.value, true)}>{one.value === null ? "(none)" : String(one.value)}</button>
    <Bars selection={one.selection} baseline={one.baseline} />
    <span class="number">{percent(one.selection * 100)}</span><span class="number muted">{percent(one.baseline * 100)}</span>
  </li>)}</ul>;
}

function Measure(props: { column: BubbleUpColumn }) {
  const { selection = [], baseline = [], edges = [], column } = props.column;
  const top = Math.max(1e-9, ...selection, ...baseline), wide = 200 / Math.max(1, selection.length);
  const unit = unitOf(column);
  return <figure>
    <svg viewBox="0 0 200 60" preserveAspectRatio="none" class="histogram" role="img" aria-label={`How ${column} is spread in the selection and outside`}>
      {baseline.map((value, at) => <rect key={`b${at}`} x={at * wide} width={Math.max(0.5, wide - 0.7)} y={60 - (value / top) * 60} height={(value / top) * 60} fill="var(--series-other)" opacity="0.55" />)}
      {selection.map((value, at) => <rect key={`s${at}`} x={at * wide + wide * 0.22} width={Math.max(0.5, wide * 0.5)} y={60 - (value / top) * 60} height={(value / top) * 60} fill="var(--accent)" />)}
    </svg>
    <figcaption class="row spread muted small"><span>{withUnit(edges[0] ?? 0, unit)}</span><span>{withUnit(edges[edges.length - 1] ?? 0, unit)}</span></figcaption>
  </figure>;
}

/** What is different about a part of a heatmap: each column, the most different first. */
export function BubbleUpPanel(props: { of: Remote<BubbleUp>; filter: Filter; close: () => void; again: () => void }) {
  return <Panel title="What the selection has in common" hint={<><span class="swatch" style={{ background: "var(--accent)" }} /> in the selection <span class="swatch" style={{ background: "var(--series-other)" }} /> everything else. The columns that differ most come first.</>}
    actions={<button type="button" class="button small" onClick={props.close}>Close</button>}>
    <Loaded of={props.of} height={260} what="the comparison" again={props.again}>{(found) => found.selected === 0 ? <Empty title="Nothing is in the selection">Drag over a part that has colour.</Empty> : <>
      <p class="muted small">{count(found.selected)} selected, {count(found.baseline)} others{found.sampled ? `; a sample of ${count(found.looked_at)} was looked at, so the shares are estimates` : ""}</p>
      <div class="bubbles">{found.columns.map((column) => <section class="bubble" key={column.column} aria-label={column.column}>
        <h3 class="row spread"><span class="mono wrap">{column.column}</span><span class={`tag ${column.score > 0.3 ? "accent" : ""}`} title="How different the two are, from 0 to 100%">{percent(column.score * 100)}</span></h3>
        {column.kind === "dimension" ? <Dimension column={column} filter={props.filter} /> : <Measure column={column} />}
        {column.missing && (column.missing.selection > 0 || column.missing.baseline > 0) && <p class="muted small">absent in {percent(column.missing.selection * 100)} of the selection, {percent(column.missing.baseline * 100)} of the others</p>}
      </section>)}</div>
    </>}</Loaded>
  </Panel>;
}
