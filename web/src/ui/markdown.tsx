// A small part of Markdown: headings, paragraphs, lists, code, bold, italic and links. The text becomes
// elements, never HTML, so that nothing in it can run.
import type { ComponentChild } from "preact";
import type { JSX } from "preact";

/** Links lead to web pages or to pages of ours. */
function safe(href: string): boolean { return /^https?:\/\//i.test(href) || /^\/ui(\/|$|\?)/.test(href); }

const inlinePattern = /`([^`]+)`|\*\*(.+?)\*\*(?!\*)|\*([^\s*](?:[^*]*[^\s*])?)\*|\[([^\]]+)\]\(([^\s)]+)\)/;
const depthMax = 6;
/** Longer lines are shown as they are: looking for marks takes the square of their length. */
const lineMax = 2000;

function inline(text: string, depth = 0): ComponentChild[] {
  if (text.length > lineMax) return [text];
  const found = depth > depthMax ? null : inlinePattern.exec(text);
  if (!found) return text === "" ? [] : [text];
  const [whole, code, bold, italic, label, href] = found;
  const before = text.slice(0, found.index), after = text.slice(found.index + whole.length);
  const piece = code !== undefined ? <code>{code}</code>
    : bold !== undefined ? <strong>{inline(bold, depth + 1)}</strong>
    : italic !== undefined ? <em>{inline(italic, depth + 1)}</em>
    : href !== undefined && safe(href) ? <a href={href} {...(href.startsWith("/") ? {} : { target: "_blank", rel: "noopener noreferrer" })}>{inline(label ?? "", depth + 1)}</a>
    : whole;
  return [...(before === "" ? [] : [before]), piece, ...inlineAll(after, depth)];
}

/** The rest of a line, without growing the stack for each piece. */
function inlineAll(text: string, depth: number): ComponentChild[] {
  const out: ComponentChild[] = [];
  let rest = text;
  while (rest !== "") {
    const found = inlinePattern.exec(rest);
    if (!found) { out.push(rest); break; }
    const end = found.index + found[0].length;
    out.push(...inline(rest.slice(0, end), depth));
    rest = rest.slice(end);
  }
  return out;
}

const headings = ["h2", "h3", "h4"] as const;

export function Markdown(props: { text: string }) {
  const lines = props.text.replaceAll("\r\n", "\n").split("\n");
  const blocks: ComponentChild[] = [];
  for (let at = 0; at < lines.length;) {
    const line = lines[at] ?? "";
    const heading = /^(#{1,3})\s+(.*)$/.exec(line);
    if (line.startsWith("```")) {
      const end = lines.findIndex((other, index) => index > at && other.startsWith("```"));
      const last = end < 0 ? lines.length : end;
      blocks.push(<pre key={at}>{lines.slice(at + 1, last).join("\n")}</pre>);
      at = last + 1;
    } else if (heading) {
      const Tag: keyof JSX.IntrinsicElements = headings[(heading[1]?.length ?? 1) - 1] ?? "h4";
      blocks.push(<Tag key={at}>{inline(heading[2] ?? "")}</Tag>);
      ++at;
    } else if (/^\s*([-*]|\d+\.)\s+/.test(line)) {
      const numbered = /^\s*\d/.test(line), items: string[] = [], from = at;
      const item = numbered ? /^\s*\d+\.\s+(.*)$/ : /^\s*[-*]\s+(.*)$/;
      for (let found = item.exec(lines[at] ?? ""); found; found = item.exec(lines[++at] ?? "")) items.push(found[1] ?? "");
      const listed = items.map((text, index) => <li key={index}>{inline(text)}</li>);
      blocks.push(numbered ? <ol key={from}>{listed}</ol> : <ul key={from}>{listed}</ul>);
    } else if (line.trim() === "") {
      ++at;
    } else {
      const from = at, paragraph: ComponentChild[] = [];
      while (at < lines.length && (lines[at] ?? "").trim() !== "" && !/^(#{1,3}\s|```|\s*([-*]|\d+\.)\s)/.test(lines[at] ?? "")) {
        if (at > from) paragraph.push(<br />);
        paragraph.push(...inline(lines[at] ?? ""));
        ++at;
      }
      if (at === from) { paragraph.push(line); ++at; }
      blocks.push(<p key={from}>{paragraph}</p>);
    }
  }
  return <div class="markdown">{blocks}</div>;
}
