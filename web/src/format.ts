// Numbers, times and units as people read them. Nothing here rounds a value that is exported.
import type { Scalar } from "./api/json";

const integers = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export type Unit = "count" | "percent" | "ms" | "us" | "bytes" | "s" | "none";

/** 12,345 */
export function count(value: number): string { return integers.format(value); }

/** Three digits that matter: 0.00123, 1.23, 12.3, 123, 1,234. */
export function compact(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e15) return value.toExponential(2);
  if (size >= 100) return integers.format(value);
  if (size >= 0.001) return String(Number(value.toPrecision(3)));
  return value.toExponential(1);
}

/** 1.2k, 3.4M: for axes, where the exact number would not fit. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${compact(value / 1e9)}G`;
  if (size >= 1e6) return `${compact(value / 1e6)}M`;
  if (size >= 1e4) return `${compact(value / 1e3)}k`;
  return compact(value);
}

/** A share that is given in per cent; one that is nearly 100 never reads as 100. */
export function percent(value: number): string {
  if (value > 99.99 && value < 100) return "> 99.99%";
  if (value > 0 && value < 0.01) return "< 0.01%";
  const digits = value > 99 && value < 100 ? 2 : value < 10 && value > 0 ? 2 : 1;
  return `${Number(value.toFixed(digits))}%`;
}

export function duration(ms: number): string {
  const size = Math.abs(ms);
  if (size === 0) return "0 ms";
  if (size < 0.001) return `${compact(ms * 1e6)} ns`;
  if (size < 1) return `${compact(ms * 1e3)} µs`;
  if (size < 1000) return `${compact(ms)} ms`;
  if (size < 60_000) return `${compact(ms / 1000)} s`;
  if (size < 3_600_000) return twoParts(Math.round(ms / 1000), 60, "min", "s");
  if (size < 86_400_000) return twoParts(Math.round(ms / 60_000), 60, "h", "min");
  return `${compact(ms / 86_400_000)} days`;
}

function twoParts(number: number, per: number, large: string, little: string): string {
  const rest = number % per;
  return `${Math.floor(number / per)} ${large}${rest === 0 ? "" : ` ${rest} ${little}`}`;
}

export function bytes(value: number): string {
  const size = Math.abs(value);
  if (size >= 2 ** 30) return `${compact(value / 2 ** 30)} GiB`;
  if (size >= 2 ** 20) return `${compact(value / 2 ** 20)} MiB`;
  if (size >= 2 ** 10) return `${compact(value / 2 ** 10)} KiB`;
  return `${compact(value)} B`;
}

export function withUnit(value: number, unit: Unit): string {
  switch (unit) {
    case "count": return Number.isInteger(value) ? count(value) : compact(value);
    case "percent": return percent(value);
    case "ms": return duration(value);
    case "us": return duration(value / 1000);
    case "s": return duration(value * 1000);
    case "bytes": return bytes(value);
    case "none": return compact(value);
  }
}

/** A value of an event in a cell of a table. */
export function scalar(value: Scalar | undefined, unit: Unit = "none"): string {
  if (value === undefined || value === null) return "–";
  if (typeof value !== "number") return String(value);
  if (unit !== "none") return withUnit(value, unit);
  return Number.isInteger(value) ? count(value) : compact(value);
}

/** The unit of a column or calculation, by what the server says of it and by its name. */
export function unitOf(name: string, unit?: string): Unit {
  if (/^(COUNT|COUNT_DISTINCT|CONCURRENCY)\b/.test(name)) return "count";
  switch (unit) {
    case "ms": return "ms";
    case "us": return "us";
    case "s": return "s";
    case "bytes": return "bytes";
    case "%": return "percent";
  }
  if (/_ms\)?$|\.ms\)?$/.test(name)) return "ms";
  if (/_us\)?$/.test(name)) return "us";
  if (/bytes\)?$|\.size\)?$/.test(name)) return "bytes";
  if (/(^|[.(])success\)?$/.test(name)) return "percent";
  return "none";
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayAndClock = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** Milliseconds since 1970 of an RFC 3339 time. */
export function timeOf(text: string): number { return Date.parse(text); }

/** 14:03:22 today, else 24 Nov 14:03:22; in the reader's time zone. */
export function moment(ms: number, now = Date.now()): string {
  return new Date(ms).toDateString() === new Date(now).toDateString() ? clock.format(ms) : dayAndClock.format(ms);
}

/** "3 min ago". */
export function ago(ms: number, now = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - ms) / 1000));
  if (seconds < 5) return "just now";
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

/** A place in a configuration file by the file's name: its folders say nothing to who reads a chart. */
export function withoutFolders(text: string): string { return text.replace(/[^\s]*\/([^\s/]+\.ya?ml:\d+)/g, "$1"); }

/** "1 request", "2 requests". */
export function several(number: number, one: string, many = `${one}s`): string { return `${count(number)} ${number === 1 ? one : many}`; }
