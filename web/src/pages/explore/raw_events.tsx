import { useState } from "preact/hooks";
import type { Scalar } from "../../api/json";
import type { Column, EventRow, EventsAnswer } from "../../api/types";
import { moment, scalar, timeOf, unitOf } from "../../format";
import { isMode } from "../../modes";
import { paths } from "../../state/location";
import { Dialog, Empty, ModeName, Panel, TableScroll } from "../../ui/parts";
import { saveCsv } from "../../charts/export";
import { DownloadIcon } from "../../ui/icons";

type Filter = (column: string, value: Scalar, keep: boolean) => void;

/** What says most about an event comes first; the rest is in the event itself. */
const telling = ["evaluation.mode", "http.route", "name", "service.name", "difference.path", "difference.explanation", "difference.control_value", "difference.candidate_value", "error.side", "exception.type", "exception.message", "duration_ms", "success", "served_by", "comparison.outcome", "control.status_code", "candidate.status_code", "candidate.duration_ms"];

function columnsOf(answer: EventsAnswer): string[] {
  const there = telling.filter((name) => answer.columns.includes(name));
  return [...there, ...answer.columns.filter((name) => !there.includes(name))].slice(0, Math.max(8, Math.min(there.length, 9)));
}

function Cell(props: { column: string; value: Scalar | undefined; columns: readonly Column[] | undefined }) {
  if (isMode(props.value)) return <ModeName mode={props.value} />;
  return <>{scalar(props.value, unitOf(props.column, props.columns?.find((one) => one.name === props.column)?.unit))}</>;
}

export function EventDialog(props: { event: EventRow; columns: readonly Column[] | undefined; filter?: Filter | undefined; close: () => void }) {
  const { event } = props;
  const trace = event.data["trace.trace_id"];
  return <Dialog title={`Event of ${moment(timeOf(event.time))}`} close={props.close}>
    <p class="row spread"><span class="mono small muted">{event.time}</span>{typeof trace === "string" && <a href={paths.trace(trace, timeOf(event.time))} onClick={props.close}>Its trace</a>}</p>
    <table class="data fields"><tbody>{Object.entries(event.data).sort(([a], [b]) => a.localeCompare(b)).map(([name, value]) => <tr key={name}>
      <td class="mono wrap" title={props.columns?.find((one) => one.name === name)?.meaning}>{name}</td>
      <td class="wrap">{String(value ?? "–")}</td>
      {props.filter && <td class="nowrap"><button type="button" class="button plain small" aria-label={`Only where ${name} is ${String(value)}`} onClick={() => { props.filter?.(name, value, true); props.close(); }}>=</button>
        <button type="button" class="button plain small" aria-label={`Only where ${name} is not ${String(value)}`} onClick={() => { props.filter?.(name, value, false); props.close(); }}>≠</button></td>}
    </tr>)}</tbody></table>
  </Dialog>;
}

export function RawEvents(props: { answer: EventsAnswer; dataset: string; columns: readonly Column[] | undefined; filter?: Filter }) {
  const { answer } = props;
  const [open, setOpen] = useState<EventRow | null>(null);
  if (answer.events.length === 0) return <section class="panel"><Empty title="No event matches in this time">Remove a filter or look at a longer time.</Empty></section>;
  const columns = columnsOf(answer);
  return <Panel title="Events" hint={`The newest ${answer.events.length}${answer.more ? " of more" : ""}`} flush
    actions={<button type="button" class="button small" onClick={() => saveCsv(props.dataset, ["time", ...answer.columns], answer.events.map((one) => ({ time: one.time, ...one.data })))}><DownloadIcon />CSV</button>}>
    <TableScroll label="Events"><table class="data events"><thead><tr><th>Time</th>{columns.map((name) => <th key={name}>{name}</th>)}</tr></thead>
      <tbody>{answer.events.map((event, at) => <tr key={at} class="can">
        <td class="nowrap"><button type="button" class="link" onClick={() => setOpen(event)}>{moment(timeOf(event.time))}.{event.time.slice(20, 23)}</button></td>
        {columns.map((name) => <td key={name} class={typeof event.data[name] === "number" ? "number" : "clip"}><Cell column={name} value={event.data[name]} columns={props.columns} /></td>)}
      </tr>)}</tbody></table></TableScroll>
    {open && <EventDialog event={open} columns={props.columns} filter={props.filter} close={() => setOpen(null)} />}
  </Panel>;
}
