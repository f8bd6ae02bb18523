// A result as a file: CSV for a spreadsheet, PNG for a message.
import type { Scalar } from "../api/json";
import { resolved } from "../state/theme";

function save(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Text that a spreadsheet would run as a formula gets a leading apostrophe; numbers are untouched. */
function cell(value: Scalar | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) && !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csvOf(columns: readonly string[], rows: readonly Record<string, Scalar>[]): string {
  return [columns.map(cell).join(","), ...rows.map((row) => columns.map((name) => cell(row[name])).join(","))].join("\r\n") + "\r\n";
}

export function saveCsv(name: string, columns: readonly string[], rows: readonly Record<string, Scalar>[]): void {
  save(`${name}.csv`, new Blob([csvOf(columns, rows)], { type: "text/csv" }));
}

interface Drawn { title: string; canvas: HTMLCanvasElement; legend: { label: string; color: string }[] }

/** The charts below an element, as they are drawn right now, with their titles and legends. */
function drawnIn(element: Element): Drawn[] {
  return [...element.querySelectorAll<HTMLElement>(".chart")].flatMap((chart) => {
    const canvas = chart.querySelector("canvas");
    if (!canvas) return [];
    const title = chart.closest("section")?.querySelector("h2")?.textContent ?? "";
    const legend = [...chart.querySelectorAll<HTMLElement>(".legend button[aria-pressed=true]")].slice(0, 60).map((button) => ({
      label: button.querySelector(".name")?.textContent ?? "", color: resolved(button.querySelector("line")?.getAttribute("stroke") ?? ""),
    }));
    return [{ title, canvas, legend }];
  });
}

export function savePng(name: string, element: Element): void {
  const charts = drawnIn(element);
  if (charts.length === 0) return;
  const ratio = devicePixelRatio || 1, pad = 16, line = 18;
  const width = Math.max(...charts.map((one) => one.canvas.width / ratio)) + 2 * pad;
  const sheet = document.createElement("canvas");
  const context = sheet.getContext("2d");
  if (!context) return;
  const font = `12px ${resolved("var(--sans)")}`;
  context.font = font;
  // Where each name of a legend stands, so that the height is known before anything is drawn.
  const legends = charts.map((chart) => {
    let x = pad, row = 0;
    const placed = chart.legend.map((one) => {
      const wide = context.measureText(one.label).width + 34;
      if (x + wide > width - pad && x > pad) { x = pad; ++row; }
      const at = { ...one, x, row };
      x += wide;
      return at;
    });
    return { placed, rows: placed.length === 0 ? 0 : row + 1 };
  });
  const height = charts.reduce((sum, chart, at) => sum + 30 + chart.canvas.height / ratio + (legends[at]?.rows ?? 0) * line + pad, pad);
  sheet.width = Math.round(width * ratio);
  sheet.height = Math.round(height * ratio);
  context.scale(ratio, ratio);
  context.fillStyle = resolved("var(--surface)");
  context.fillRect(0, 0, width, height);
  let y = pad;
  charts.forEach((chart, at) => {
    context.fillStyle = resolved("var(--text)");
    context.font = `600 14px ${resolved("var(--sans)")}`;
    context.textBaseline = "top";
    context.fillText(chart.title, pad, y);
    y += 30;
    context.drawImage(chart.canvas, pad, y, chart.canvas.width / ratio, chart.canvas.height / ratio);
    y += chart.canvas.height / ratio;
    context.font = font;
    for (const one of legends[at]?.placed ?? []) {
      context.fillStyle = one.color;
      context.fillRect(one.x, y + one.row * line + 5, 14, 4);
      context.fillStyle = resolved("var(--text)");
      context.fillText(one.label, one.x + 20, y + one.row * line);
    }
    y += (legends[at]?.rows ?? 0) * line + pad;
  });
  sheet.toBlob((blob) => { if (blob) save(`${name}.png`, blob); });
}
