// Criteria as the server writes them, in words.
import { count, duration, percent, scalar } from "../../format";

/** "1.1" is a factor over control, "250ms" a time of its own. */
function atMost(text: string): string {
  if (Number.isFinite(Number(text))) return `at most ${scalar(Number(text))} times control's`;
  return `at most ${text.replace(/^([\d.]+)([a-z]+)$/, "$1 $2")}`;
}

/** success_rate no_worse_by 0.01 -> Success rate: at most 1% worse than control */
export function criterionWords(whole: string): { title: string; demand: string } {
  const [, text = whole, route] = /^(.*) route (.+)$/.exec(whole) ?? [];
  const { title, demand } = wordsOf(text);
  return { title, demand: route === undefined ? demand : `${demand}, on route ${route}` };
}

/** The server's headline with its criteria in words: "Latency P50 (at most 250 ms) needs calls ..." */
export function headlineWords(headline: string, criteria: readonly { criterion: string }[]): string {
  return [...criteria].sort((a, b) => b.criterion.length - a.criterion.length).reduce((text, { criterion }) => {
    const { title, demand } = criterionWords(criterion);
    return text.replaceAll(criterion, `${title} (${demand})`);
  }, headline);
}

function wordsOf(text: string): { title: string; demand: string } {
  const [name = text, ...rest] = text.split(" ");
  const said = (wanted: string) => rest[rest.indexOf(wanted) + 1] ?? "";
  const number = (wanted: string) => Number(said(wanted));
  switch (name) {
    case "success_rate": return { title: "Success rate", demand: `at most ${percent(number("no_worse_by") * 100)} worse than control` };
    case "latency": return { title: `Latency ${(rest[0] ?? "").toUpperCase()}`, demand: atMost(said("at_most")) };
    case "difference_rate": return { title: "Differences", demand: `in at most ${percent(number("at_most") * 100)} of the answers` };
    case "evidence": return {
      title: "Evidence",
      demand: [rest.includes("evaluations_min") ? `at least ${count(number("evaluations_min"))} evaluations` : "", rest.includes("duration_min") ? `over ${duration(Number.parseFloat(rest[rest.indexOf("duration_min") + 1] ?? "0") * 1000)}` : ""].filter(Boolean).join(" "),
    };
    case "error_classes": return { title: "Errors that must not happen", demand: said("forbid").split(",").join(", ") };
    default: return { title: name.replaceAll("_", " "), demand: rest.join(" ") };
  }
}
