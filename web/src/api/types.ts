// The shapes of docs/api.md that the pages use. Times are RFC 3339 with nanoseconds.
import type { Json, Scalar } from "./json";

export type Mode = "control_only" | "fire_and_forget" | "full_evaluation" | "candidate_only" | "reverse_evaluation";
export type Mix = Record<Mode, number>;
export type Ruling = "pass" | "fail" | "not_enough_evidence";

export interface ModeState {
  migration: string;
  flag: string;
  version: number;
  on?: boolean;
  mode?: string;
  mix?: Mix;
  targeted?: boolean;
  unchanged?: boolean;
  error?: string;
  changed?: { time: string; by: string; reason: string };
}

export interface Accounting {
  requests: number;
  accounts: Record<string, number>;
  sum: number;
  under_way: number | null;
  adds_up: boolean;
  records_dropped: number | null;
  source: "memory" | "events";
  in_window?: { requests: number; accounts: Record<string, number>; window_reason?: string };
  window_reason?: string;
}

export interface MigrationSummary {
  name: string;
  mode: ModeState;
  accounting: Accounting;
}

export interface Measured { value?: number; low?: number; high?: number }
export interface Criterion {
  criterion: string;
  ruling: Ruling;
  population: string;
  unit: string;
  control?: { evaluations: number; measured?: Measured };
  candidate?: { evaluations: number; measured?: Measured };
  tested?: Measured;
  tested_unit?: string;
  margin?: number;
  explanation: string;
  missing?: { text: string; evaluations?: number; duration_ms?: number };
}

export interface Verdict {
  verdict: Ruling;
  headline: string;
  evaluations: number;
  confidence: number;
  window: { start: string; end: string };
  window_reason?: string;
  judged_at: string;
  criteria: Criterion[];
  population: string;
  judged: number;
  excluded: { reason: string; evaluations: number; meaning: string }[];
  not_compared: { reason: string; evaluations: number; meaning?: string }[];
}

export interface DifferenceGroup {
  text: string;
  count: number;
  share: number;
  route?: string;
  path: string;
  dimension: string;
  explanation: string;
  distance_max?: number;
  distance_unit?: string;
  rule?: string;
  rule_reason?: string;
  example?: DifferenceExample;
  noise?: { text: string; noisy: boolean; more_than_noise: boolean };
}
export interface DifferenceExample {
  path: string;
  row?: number;
  control_value?: Scalar;
  candidate_value?: Scalar;
  evaluation_id?: string;
}
export interface Differences {
  source: string;
  total: number;
  ungrouped: number;
  groups_found: number;
  groups: DifferenceGroup[];
  rules: { rule?: string; hits?: number | null; [name: string]: unknown }[];
  examples?: Record<string, Scalar>[];
  window_reason?: string;
  fallback?: string;
}

export interface ErrorGroup {
  count: number;
  side: string;
  type: string;
  where: string;
  route: string;
  last_time?: string;
  last_message?: string;
}
export interface Errors { total: number; groups: ErrorGroup[]; examples: Record<string, Scalar>[] }

/** A part of an answer that could not be made has an error in its place. */
export type Part<T> = T | { error: string };

export interface Migration {
  name: string;
  listen?: string;
  control?: { url?: string; health?: Health };
  candidate?: { url?: string; health?: Health };
  bucket_by?: string;
  routes: { name: string; match: string; compare: string; safe_to_repeat: boolean }[];
  mode: ModeState;
  accounting: Accounting;
  recording?: { failing: boolean; since?: string; error?: string; events_dropped: number };
  verdict: Part<Verdict>;
  differences: Part<Differences>;
  errors: Part<Errors>;
}
export interface Health { state: string; passed: number; failed: number; since?: string; last_failure?: string }

export interface Marker { id: number; time: string; end_time?: string; type: string; message?: string; url?: string; dataset?: string }

export interface Filter { column: string; op: string; value?: Scalar | Scalar[] }
export interface Calculation { op: string; column?: string; name?: string; filters?: Filter[]; filter_combination?: "AND" | "OR" }
export interface Order { op?: string; column?: string; order?: "ascending" | "descending" }
export interface Having { calculate_op?: string; column?: string; op: string; value: number }
export interface CalculatedField { name: string; expression: string }

/** docs/query.md. */
export interface QuerySpec {
  breakdowns?: string[];
  calculations?: Calculation[];
  filters?: Filter[];
  filter_combination?: "AND" | "OR";
  calculated_fields?: CalculatedField[];
  formulas?: { name: string; expression: string }[];
  granularity?: number;
  orders?: Order[];
  havings?: Having[];
  limit?: number;
  start_time?: number;
  end_time?: number;
  time_range?: number;
  disable_series?: boolean;
  compare_time_offset_seconds?: number;
}
export type Row = Record<string, Scalar>;
export interface Heatmap {
  key: string;
  column: string;
  group: Row;
  edges: number[];
  scale: "linear" | "log";
  times: string[];
  counts: number[][];
  not_numbers: number;
  total: number;
}
export interface QueryData {
  series: { time: string; data: Row }[];
  results: { data: Row; total?: boolean; other?: boolean }[];
  total_by_aggregate?: { data: Row };
  other_by_aggregate?: { data: Row };
  heatmaps?: Heatmap[];
  compare?: { offset_seconds: number; series: { time: string; data: Row }[]; results: { data: Row }[] };
}
export interface QueryAnswer {
  id?: string;
  created?: string;
  dataset?: string;
  query: QuerySpec & { dataset?: string };
  complete: boolean;
  complete_since?: string;
  warnings?: string[];
  data: QueryData;
  groups_cut?: boolean;
  series_cut?: boolean;
  heatmaps_cut?: boolean;
  elapsed_us?: number;
}
export interface EventRow { time: string; data: Row }
export interface EventsAnswer { columns: string[]; events: EventRow[]; more: boolean; complete: boolean; warnings?: string[] }

export interface Dataset { name: string; events: number; columns: number; first_time?: string; last_time?: string }
export interface Column { name: string; types: string[]; meaning?: string; unit?: string }

export interface BubbleUpColumn {
  column: string;
  kind: "dimension" | "measure";
  score: number;
  missing?: { selection: number; baseline: number };
  values?: { value: Scalar; selection: number; baseline: number; selection_count: number; baseline_count: number }[];
  other?: { selection: number; baseline: number };
  edges?: number[];
  selection?: number[];
  baseline?: number[];
}
export interface BubbleUp { selected: number; baseline: number; looked_at: number; sampled: boolean; columns: BubbleUpColumn[] }
export interface BubbleUpRequest {
  dataset: string;
  query: QuerySpec;
  selection: { start_time: number; end_time: number; column?: string; min?: number; max?: number } | { filters: Filter[] };
  columns?: string[];
  limit?: number;
}

export interface Span {
  dataset: string;
  time: string;
  duration_ms: number | null;
  name: string;
  service?: string;
  span_id: string;
  parent_id?: string;
  error: boolean;
  fields: Row;
}
export interface Trace { trace_id: string; spans: Span[]; truncated: boolean }

export interface RulePreview { looked_at: number; accepted: number; left: number; undecided?: number; capped: boolean; window_reason?: string; groups: { text: string; count: number; accepted: number; route?: string; path?: string; dimension?: string; explanation?: string }[] }

export interface FlagClause { attribute?: string; op: string; values: Scalar[]; negate?: boolean; contextKind?: string }
/** One variation, or shares of several: weights add up to 100,000. */
export interface FlagServe { variation?: number; rollout?: { kind?: string; variations: { variation: number; weight: number; untracked?: boolean }[]; bucketBy?: string; contextKind?: string } }
export interface FlagTarget { variation: number; values: string[]; contextKind?: string }
export interface Flag {
  key: string;
  version: number;
  on: boolean;
  variations: Json[];
  prerequisites?: { key: string; variation: number }[];
  targets?: FlagTarget[];
  contextTargets?: FlagTarget[];
  rules?: ({ id?: string; clauses: FlagClause[] } & FlagServe)[];
  fallthrough?: FlagServe;
  offVariation?: number | null;
  [name: string]: unknown;
}
export interface FlagList { total: number; next_after?: string; flags: Flag[] }
export interface FlagChange { id: number; time: string; version: number; by: string; comment: string; origin: string; from: Flag | null; to: Flag | null }
export interface Segment {
  key: string;
  version: number;
  included?: string[];
  excluded?: string[];
  includedContexts?: { contextKind?: string; values: string[] }[];
  excludedContexts?: { contextKind?: string; values: string[] }[];
  rules?: { id?: string; clauses: FlagClause[]; weight?: number; bucketBy?: string }[];
  [name: string]: unknown;
}
export interface SegmentList { total: number; next_after?: string; segments: Segment[] }

export interface QueryPanel { type: "query"; title: string; dataset: string; query: QuerySpec; view: "line" | "stacked" | "table" | "heatmap" }
export interface TextPanel { type: "text"; text: string }
export interface CriteriaPanel { type: "criteria"; migration: string }
export type BoardPanel = QueryPanel | TextPanel | CriteriaPanel;
export interface BoardContent { name: string; description?: string; panels: BoardPanel[] }
export interface Board extends BoardContent { id: string; version: number; created?: string; updated?: string; by?: string }
