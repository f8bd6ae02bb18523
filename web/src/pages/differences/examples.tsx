import { useState } from "preact/hooks";
import type { Row } from "../../api/types";
import { ago, duration, scalar, timeOf } from "../../format";
import { paths } from "../../state/location";
import { TableScroll } from "../../ui/parts";
import { parts } from "./words";

function text(row: Row, name: string): string | undefined {
  const value = row[name];
  return value === undefined || value === null ? undefined : String(value);
}

function Marked(props: { text: string | undefined; other: string | undefined; side: "control" | "candidate" }) {
  if (props.text === undefined) return <span class="muted">absent</span>;
  if (props.other === undefined) return <mark class={props.side}>{props.text}</mark>;
  const found = parts(props.text, props.other);
  return <span class="mono wrap">{found.before}{found.one !== "" && <mark class={props.side}>{found.one}</mark>}{found.after}{found.one === "" && found.other !== "" && <mark class={`${props.side} nothing`} title="something is missing here" />}</span>;
}

function distance(row: Row): string {
  const value = row["difference.distance"], unit = text(row, "difference.distance_unit");
  if (typeof value !== "number") return "";
  if (unit === "s") return duration(value * 1000);
  if (unit === "ratio") return `× ${scalar(value)}`;
  return `${scalar(value)} ${unit === "ulp" ? "ULP" : (unit ?? "")}`;
}

/** Both answers side by side at each place where they differ, the differing part marked. */
export function Examples(props: { examples: readonly Row[] }) {
  const [all, setAll] = useState(false);
  const shown = all ? props.examples : props.examples.slice(0, 8);
  return <><TableScroll label="Examples"><table class="data examples stacking"><thead><tr><th>Place</th><th>Control</th><th>Candidate</th><th>Apart</th><th>Request</th></tr></thead>
    <tbody>{shown.map((row, at) => {
      const control = text(row, "difference.control_value"), candidate = text(row, "difference.candidate_value");
      const types = [text(row, "difference.control_type"), text(row, "difference.candidate_type")];
      const id = text(row, "evaluation.id");
      return <tr key={at}>
        <td><span class="mono wrap">{text(row, "difference.path")}</span></td>
        <td class="side" data-label="control"><Marked text={control} other={candidate} side="control" />{types[0] !== types[1] && types[0] && <div class="muted small">{types[0]}</div>}</td>
        <td class="side" data-label="candidate"><Marked text={candidate} other={control} side="candidate" />{types[0] !== types[1] && types[1] && <div class="muted small">{types[1]}</div>}</td>
        <td class="nowrap" data-label="apart">{distance(row)}</td>
        <td class="nowrap" data-label="request">{id ? <a href={paths.explore("differences", { filters: [{ column: "evaluation.id", op: "=", value: id }], time_range: 604_800 }, "raw")} title="All differences of this request">{ago(timeOf(String(row["time"])))}</a> : ago(timeOf(String(row["time"])))}</td>
      </tr>;
    })}</tbody></table></TableScroll>
  {shown.length < props.examples.length && <p class="more"><button type="button" class="button small" onClick={() => setAll(true)}>Show {props.examples.length - shown.length} more</button></p>}</>;
}
