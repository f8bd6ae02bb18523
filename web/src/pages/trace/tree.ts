// The spans of a trace as the tree they make.
import type { Span } from "../../api/types";

export interface Node { span: Span; depth: number; start_ms: number; children: number; hidden: string[] }

/** Nanoseconds of a time count: spans of one trace often begin within a millisecond. */
function startOf(span: Span, first: bigint): number { return Number(nanoseconds(span.time) - first) / 1e6; }

export function nanoseconds(time: string): bigint {
  const fraction = /\.(\d{1,9})/.exec(time)?.[1] ?? "";
  return BigInt(Math.floor(Date.parse(time) / 1000)) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0"));
}

/**
 * Parents before children, siblings by time. A span whose parent is not there is a root; spans that
 * are each other's parents are shown as roots, too.
 */
export function treeOf(spans: readonly Span[]): { nodes: Node[]; length_ms: number } {
  if (spans.length === 0) return { nodes: [], length_ms: 0 };
  const first = spans.map((span) => nanoseconds(span.time)).reduce((a, b) => (a < b ? a : b));
  const byId = new Map(spans.map((span) => [span.span_id, span]));
  const children = new Map<string, Span[]>();
  const roots: Span[] = [];
  for (const span of spans) {
    const parent = span.parent_id;
    if (parent !== undefined && parent !== "" && parent !== span.span_id && byId.has(parent)) children.set(parent, [...(children.get(parent) ?? []), span]);
    else roots.push(span);
  }
  const byTime = (a: Span, b: Span) => startOf(a, first) - startOf(b, first);
  const nodes: Node[] = [];
  const seen = new Set<Span>();
  const visit = (from: Span) => {
    const open: { span: Span; depth: number; above: string[] }[] = [{ span: from, depth: 0, above: [] }];
    for (let next = open.pop(); next; next = open.pop()) {
      const { span, depth, above } = next;
      if (seen.has(span)) continue;
      seen.add(span);
      const below = span.span_id === "" ? [] : (children.get(span.span_id) ?? []);
      nodes.push({ span, depth, start_ms: startOf(span, first), children: below.length, hidden: above });
      for (const child of [...below].sort(byTime).reverse()) open.push({ span: child, depth: depth + 1, above: [...above, span.span_id] });
    }
  };
  roots.sort(byTime).forEach(visit);
  spans.filter((span) => !seen.has(span)).forEach(visit);
  const length_ms = Math.max(...nodes.map((node) => node.start_ms + (node.span.duration_ms ?? 0)), 0.001);
  return { nodes, length_ms };
}
