// The one way to the API: every page gets its data through a Client.
import { parseJson } from "./json";
import type * as T from "./types";

/** What went wrong with a request, in words for a person. `status` is 0 when no answer came. */
export class ApiError extends Error {
  constructor(readonly status: number, message: string) { super(message); }
}

export type Parameters = Record<string, string | number | undefined>;

/** "?a=1&b=2" of what is defined. */
export function withParameters(path: string, parameters: Parameters): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== "");
  if (given.length === 0) return path;
  return `${path}?${given.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`).join("&")}`;
}

interface Body { method?: "GET" | "POST" | "PUT" | "DELETE"; json?: unknown }

const keyName = "understudy.key";

/**
 * One typed function per route. Every function takes the AbortSignal that ends it, so that a page that
 * is left asks for nothing any more (see Requests). The key, when one is needed, lives as long as
 * the tab.
 */
export class Client {
  /** Called when the server asks for a key, or says that this one does not do. */
  onKeyNeeded: (why: string) => void = () => {};

  get key(): string { return sessionStorage.getItem(keyName) ?? ""; }
  set key(key: string) {
    if (key === "") sessionStorage.removeItem(keyName);
    else sessionStorage.setItem(keyName, key);
  }

  private async ask<Answer>(path: string, signal: AbortSignal | undefined, body: Body = {}): Promise<Answer> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (this.key !== "") headers["Authorization"] = `Bearer ${this.key}`;
    if (body.json !== undefined) headers["Content-Type"] = "application/json";
    const init: RequestInit = { method: body.method ?? "GET", headers };
    if (signal) init.signal = signal;
    if (body.json !== undefined) init.body = JSON.stringify(body.json);
    let response: Response, text: string;
    try {
      response = await fetch(path, init);
      text = await response.text();
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError(0, "Understudy does not answer. Is the server running?");
    }
    if (response.ok) return (text === "" ? {} : parseJson(text)) as Answer;
    let message = `the server answered ${response.status}`;
    try {
      const said = (JSON.parse(text) as { error?: unknown }).error;
      if (typeof said === "string") message = said;
    } catch { /* not JSON: the status has to do */ }
    if (response.status === 401) this.onKeyNeeded(this.key === "" ? "" : message);
    throw new ApiError(response.status, message);
  }

  migrations(signal?: AbortSignal) { return this.ask<{ migrations: T.MigrationSummary[] }>("/api/migrations", signal); }
  migration(name: string, parameters: Parameters, signal?: AbortSignal) { return this.ask<T.Migration>(withParameters(`/api/migrations/${encodeURIComponent(name)}`, parameters), signal); }
  mode(name: string, signal?: AbortSignal) { return this.ask<T.ModeState>(`/api/migrations/${encodeURIComponent(name)}/mode`, signal); }
  setMode(name: string, change: { mix: Partial<T.Mix>; by?: string; reason?: string; expected_version?: number; new_window?: boolean }) {
    return this.ask<T.ModeState>(`/api/migrations/${encodeURIComponent(name)}/mode`, undefined, { method: "PUT", json: change });
  }
  differences(name: string, parameters: Parameters, signal?: AbortSignal) { return this.ask<T.Differences>(withParameters(`/api/migrations/${encodeURIComponent(name)}/differences`, parameters), signal); }
  errors(name: string, parameters: Parameters, signal?: AbortSignal) { return this.ask<T.Errors>(withParameters(`/api/migrations/${encodeURIComponent(name)}/errors`, parameters), signal); }
  previewRule(name: string, rule: unknown, last: string | undefined, signal?: AbortSignal) {
    return this.ask<T.RulePreview>(`/api/migrations/${encodeURIComponent(name)}/rules/preview`, signal, { method: "POST", json: { rule, ...(last === undefined ? {} : { last }) } });
  }
  addRule(name: string, change: { rule: unknown; by?: string; reason?: string; expected_version?: number }) {
    return this.ask<{ version: number; rules: unknown[] }>(`/api/migrations/${encodeURIComponent(name)}/rules`, undefined, { method: "POST", json: change });
  }

  /** Only a kept answer has an id that a link can lead to; what is asked again and again is not kept. */
  query(dataset: string, spec: T.QuerySpec, signal?: AbortSignal, how: { keep: boolean } = { keep: false }) {
    return this.ask<T.QueryAnswer>(withParameters("/api/query", { keep: String(how.keep) }), signal, { method: "POST", json: { dataset, ...spec } });
  }
  events(dataset: string, spec: T.QuerySpec, events: { columns?: string[]; limit?: number }, signal?: AbortSignal) {
    return this.ask<T.EventsAnswer>("/api/query?keep=false", signal, { method: "POST", json: { dataset, ...spec, events } });
  }
  result(id: string, signal?: AbortSignal) { return this.ask<T.QueryAnswer>(`/api/results/${encodeURIComponent(id)}`, signal); }
  bubbleUp(request: T.BubbleUpRequest, signal?: AbortSignal) { return this.ask<T.BubbleUp>("/api/bubbleup", signal, { method: "POST", json: request }); }
  /** Events without ids of spans have empty ones. */
  async trace(id: string, parameters: Parameters, signal?: AbortSignal): Promise<T.Trace> {
    const trace = await this.ask<Omit<T.Trace, "spans"> & { spans: (Omit<T.Span, "span_id" | "parent_id"> & { span_id: string | null; parent_id?: string | null })[] }>(
      withParameters(`/api/traces/${encodeURIComponent(id)}`, parameters), signal);
    return { ...trace, spans: trace.spans.map((span) => ({ ...span, span_id: span.span_id ?? "", parent_id: span.parent_id ?? "" })) };
  }

  datasets(signal?: AbortSignal) { return this.ask<{ datasets: T.Dataset[] }>("/api/datasets", signal); }
  columns(dataset: string, signal?: AbortSignal) { return this.ask<{ columns: T.Column[] }>(`/api/datasets/${encodeURIComponent(dataset)}/columns`, signal); }
  columnValues(dataset: string, column: string, prefix: string, signal?: AbortSignal) {
    return this.ask<{ values: { value: string | number | boolean; count: number }[] }>(
      withParameters(`/api/datasets/${encodeURIComponent(dataset)}/columns/${encodeURIComponent(column)}/values`, { prefix, limit: 20 }), signal);
  }

  markers(parameters: Parameters, signal?: AbortSignal) { return this.ask<{ markers: T.Marker[] }>(withParameters("/api/markers", parameters), signal); }
  addMarker(marker: { type: string; message?: string; url?: string; time?: string; end_time?: string }) { return this.ask<T.Marker>("/api/markers", undefined, { method: "POST", json: marker }); }

  flags(parameters: Parameters, signal?: AbortSignal) { return this.ask<T.FlagList>(withParameters("/api/flags", parameters), signal); }
  flag(key: string, signal?: AbortSignal) { return this.ask<T.Flag>(`/api/flags/${encodeURIComponent(key)}`, signal); }
  putFlag(key: string, flag: unknown, parameters: Parameters) { return this.ask<T.Flag>(withParameters(`/api/flags/${encodeURIComponent(key)}`, parameters), undefined, { method: "PUT", json: flag }); }
  deleteFlag(key: string, parameters: Parameters) { return this.ask<unknown>(withParameters(`/api/flags/${encodeURIComponent(key)}`, parameters), undefined, { method: "DELETE" }); }
  flagHistory(key: string, parameters: Parameters, signal?: AbortSignal) { return this.ask<{ history: T.FlagChange[] }>(withParameters(`/api/flags/${encodeURIComponent(key)}/history`, parameters), signal); }
  segments(parameters: Parameters, signal?: AbortSignal) { return this.ask<T.SegmentList>(withParameters("/api/segments", parameters), signal); }

  boards(signal?: AbortSignal) { return this.ask<{ boards: T.Board[]; next_after?: number }>("/api/boards?limit=200", signal); }
  board(id: string, signal?: AbortSignal) { return this.ask<T.Board>(`/api/boards/${encodeURIComponent(id)}`, signal); }
  addBoard(board: T.BoardContent, parameters: Parameters = {}) { return this.ask<T.Board>(withParameters("/api/boards", parameters), undefined, { method: "POST", json: board }); }
  putBoard(id: string, board: T.BoardContent, parameters: Parameters) { return this.ask<T.Board>(withParameters(`/api/boards/${encodeURIComponent(id)}`, parameters), undefined, { method: "PUT", json: board }); }
  deleteBoard(id: string, parameters: Parameters) { return this.ask<unknown>(withParameters(`/api/boards/${encodeURIComponent(id)}`, parameters), undefined, { method: "DELETE" }); }
}

export const client = new Client();
