// The spans of a trace as the tree they make.
import type { Span } from "../../api/types";

export interface Node { span: Span; depth: number; start_ms: number; children: number; parent: Node | null }

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
    if (parent !== undefined && parent !== "" && parent !== span.span_id && byId.has(parent)) {
      const siblings = children.get(parent);
      if (siblings) siblings.push(span);
      else children.set(parent, [span]);
    } else roots.push(span);
  }
  const byTime = (a: Span, b: Span) => startOf(a, first) - startOf(b, first);
  const nodes: Node[] = [];
  const seen = new Set<Span>();
  const visit = (from: Span) => {
    const open: { span: Span; parent: Node | null }[] = [{ span: from, parent: null }];
    for (let next = open.pop(); next; next = open.pop()) {
      const { span, parent } = next;
      if (seen.has(span)) continue;
      seen.add(span);
      const below = span.span_id === "" ? [] : (children.get(span.span_id) ?? []);
      const node: Node = { span, depth: parent ? parent.depth + 1 : 0, start_ms: startOf(span, first), children: below.length, parent };
      nodes.push(node);
      for (const child of [...below].sort(byTime).reverse()) open.push({ span: child, parent: node });
    }
  };
  roots.sort(byTime).forEach(visit);
  spans.filter((span) => !seen.has(span)).forEach(visit);
  const length_ms = nodes.reduce((end, node) => Math.max(end, node.start_ms + (node.span.duration_ms ?? 0)), 0.001);
  return { nodes, length_ms };
}

/** The nodes below none that is closed. */
export function visible(nodes: readonly Node[], closed: ReadonlySet<Span>): Node[] {
  const shown = new Set<Node>();
  return nodes.filter((node) => {
    if (node.parent && (!shown.has(node.parent) || closed.has(node.parent.span))) return false;
    shown.add(node);
    return true;
  });
}
