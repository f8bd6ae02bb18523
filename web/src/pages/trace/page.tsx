import { useMemo, useState } from "preact/hooks";
import { client } from "../../api/client";
import type { Span, Trace } from "../../api/types";
import { duration, moment, several, timeOf } from "../../format";
import { place } from "../../state/location";
import { loading, PageStore, type Remote, usePageStore, useStore, valueOf } from "../../state/store";
import { Empty, Loaded, PageHead, Panel } from "../../ui/parts";
import { type Node, treeOf, visible } from "./tree";

interface State { trace: Remote<Trace> }

class TraceStore extends PageStore<State> {
  constructor(private readonly id: string, private readonly where: { dataset?: string; start?: string; end?: string }) { super({ trace: loading }); }
  override start(): void { void this.fetch("trace", (signal) => client.trace(this.id, this.where, signal)); }
}

/** Services take the palette in the order in which they appear. */
function colorsOf(nodes: readonly Node[]): Map<string, string> {
  const names = [...new Set(nodes.map((node) => node.span.service ?? node.span.dataset))];
  return new Map(names.map((name, at) => [name, `var(--series-${(at % 10) + 1})`]));
}

function Ruler(props: { length_ms: number }) {
  return <div class="ruler" aria-hidden="true">{[0, 0.25, 0.5, 0.75, 1].map((share) => <span key={share} style={{ left: `${share * 100}%` }}>{duration(props.length_ms * share)}</span>)}</div>;
}

function Waterfall(props: { trace: Trace; chosen: Span | null; choose: (span: Span) => void }) {
  const { nodes, length_ms } = useMemo(() => treeOf(props.trace.spans), [props.trace]);
  const colors = colorsOf(nodes);
  const [closed, setClosed] = useState<ReadonlySet<Span>>(new Set());
  const shown = visible(nodes, closed);
  const toggle = (span: Span) => { const next = new Set(closed); if (!next.delete(span)) next.add(span); setClosed(next); };
  return <>
    <ul class="services">{[...colors].map(([name, color]) => <li key={name} class="mode"><span class="swatch" style={{ background: color }} />{name}</li>)}</ul>
    <div class="waterfall-head"><span class="label">Span</span><Ruler length_ms={length_ms} /></div>
    <ul class="waterfall">{shown.map((node, at) => {
      const { span } = node;
      const left = (node.start_ms / length_ms) * 100, width = ((span.duration_ms ?? 0) / length_ms) * 100;
      return <li key={`${span.span_id}/${at}`} class={props.chosen === span ? "chosen" : ""}>
        <div class="span-name" style={{ paddingLeft: `${Math.min(node.depth, 12) * 14}px` }}>
          {node.children > 0 ? <button type="button" class="fold" aria-expanded={!closed.has(span)} aria-label={`${several(node.children, "child", "children")} of ${span.name}`} onClick={() => toggle(span)}>{closed.has(span) ? "▸" : "▾"}</button> : <span class="fold" />}
          <button type="button" class="span-open" aria-pressed={props.chosen === span} onClick={() => props.choose(span)}>{span.error && <span class="tag fail">error</span>}<span>{span.name}</span></button>
        </div>
        <div class="span-track" aria-hidden="true" onClick={() => props.choose(span)}>
          <span class={`span-bar ${span.error ? "failed" : ""}`} style={{ left: `${left}%`, width: `max(2px, ${width}%)`, background: colors.get(span.service ?? span.dataset) }} />
          <span class="span-time" style={left + width > 70 ? { right: `${100 - left}%` } : { left: `${left + width}%` }}>{span.duration_ms === null ? "" : duration(span.duration_ms)}</span>
        </div>
      </li>;
    })}</ul>
  </>;
}

function Fields(props: { span: Span; close: () => void }) {
  const { span } = props;
  return <Panel title={span.name} hint={`${span.service ?? span.dataset} · ${span.duration_ms === null ? "no duration" : duration(span.duration_ms)} · began ${moment(timeOf(span.time))}`} actions={<button type="button" class="button small" onClick={props.close}>Close</button>}>
    <table class="data fields"><tbody>{Object.entries(span.fields).sort(([a], [b]) => a.localeCompare(b)).map(([name, value]) => <tr key={name}><td class="mono wrap">{name}</td><td class="wrap">{String(value ?? "–")}</td></tr>)}</tbody></table>
  </Panel>;
}

export function TracePage(props: { id: string }) {
  const { query } = useStore(place);
  const where = Object.fromEntries(["dataset", "start", "end"].flatMap((name) => { const value = query.get(name); return value === null ? [] : [[name, value]]; }));
  const store = usePageStore(() => new TraceStore(props.id, where), [props.id, query.toString()]);
  const [chosen, setChosen] = useState<Span | null>(null);
  const { trace } = store.state;
  const value = valueOf(trace);
  const errors = value?.spans.filter((span) => span.error).length ?? 0;
  return <>
    <PageHead title="Trace" lead={<><span class="mono wrap">{props.id}</span>{value && <> · {several(value.spans.length, "span")}, {duration(treeOf(value.spans).length_ms)}{errors > 0 ? `, ${several(errors, "error")}` : ""}</>}</>} />
    <Loaded of={trace} height={320} what="the trace" again={() => store.start()}>{(found) => found.spans.length === 0
      ? <section class="panel"><Empty title="No span of this trace is here">It may be older than what is kept, or its spans went to another server.</Empty></section>
      : <div class="grid">
        {found.truncated && <p class="advice">The trace has more spans than are shown.</p>}
        <div class={chosen ? "two-thirds" : ""}><Panel title="Waterfall"><Waterfall trace={found} chosen={chosen} choose={(span) => setChosen(chosen === span ? null : span)} /></Panel></div>
        {chosen && <div class="third"><Fields span={chosen} close={() => setChosen(null)} /></div>}
      </div>}</Loaded>
  </>;
}
