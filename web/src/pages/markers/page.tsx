import { useEffect, useState } from "preact/hooks";
import type { Marker } from "../../api/types";
import { LineChart } from "../../charts/lines";
import { markerColor } from "../../charts/marker_flags";
import { ago, count, duration, moment, several, timeOf, withoutFolders } from "../../format";
import { paths, place, setQuery } from "../../state/location";
import { usePageStore, useStore } from "../../state/store";
import { rangeOf } from "../../state/time_range";
import { PlusIcon } from "../../ui/icons";
import { Empty, Loaded, PageHead, Panel, Segmented, TableScroll } from "../../ui/parts";
import { TimeRangeChoice, zoomInto } from "../../ui/time_range";
import { AddMarker } from "./add";
import { type Axis, MarkersStore } from "./store";

const typeWords: Record<string, string> = { flag_change: "flag changes", verdict: "verdicts", deploy: "deploys" };
const oneWord: Record<string, string> = { flag_change: "flag change" };

/** The types there are with how many each has, the most frequent first. */
function typesOf(markers: readonly Marker[]): { type: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const one of markers) counts.set(one.type, (counts.get(one.type) ?? 0) + 1);
  return [...counts].map(([type, number]) => ({ type, count: number })).sort((a, b) => b.count - a.count);
}

/** The flag that a message of a change begins with. */
function flagOf(marker: Marker): string | undefined {
  return marker.type === "flag_change" ? /^([\w.\-/]+?)(:| created| deleted| changed)/.exec(marker.message ?? "")?.[1] : undefined;
}

function Message(props: { marker: Marker }) {
  const { marker } = props, flag = flagOf(marker), message = withoutFolders(marker.message ?? "");
  return <>
    {flag !== undefined ? <><a href={paths.flag(flag)}>{flag}</a>{message.slice(flag.length)}</> : message || <span class="muted">no message</span>}
    {marker.url && <> <a href={marker.url} target="_blank" rel="noopener noreferrer">{hostOf(marker.url)} ↗</a></>}
  </>;
}

function hostOf(url: string): string { try { return new URL(url).host; } catch { return "link"; } }

function Row(props: { marker: Marker }) {
  const { marker } = props, time = timeOf(marker.time);
  return <tr>
    <td class="nowrap"><time dateTime={marker.time} title={marker.time}>{moment(time)}</time><div class="muted small">{ago(time)}{marker.end_time ? `, for ${duration(timeOf(marker.end_time) - time)}` : ""}</div></td>
    <td class="nowrap"><span class="mode"><span class="swatch round" style={{ background: markerColor(marker.type) }} />{oneWord[marker.type] ?? marker.type}</span></td>
    <td class="wrap">{<Message marker={marker} />}</td>
  </tr>;
}

function List(props: { axis: Axis; type: string }) {
  const { axis, type } = props, types = typesOf(axis.markers);
  const shown = type === "" ? axis.markers : axis.markers.filter((one) => one.type === type);
  const choices = [{ value: "", text: `All ${count(axis.markers.length)}` }, ...types.map((one) => ({ value: one.type, text: `${typeWords[one.type] ?? one.type} ${count(one.count)}` }))];
  return <Panel title="Markers" hint={axis.more ? `The newest ${count(axis.markers.length)}` : several(shown.length, "marker")} flush
    actions={types.length > 1 && <Segmented label="Type" choices={choices} value={choices.some((one) => one.value === type) ? type : ""} choose={(value) => setQuery({ type: value }, { replace: true })} />}>
    {shown.length === 0 ? <Empty title="No markers of this type in this time" /> : <TableScroll label="Markers"><table class="data markers as-cards"><thead><tr><th>When</th><th>Type</th><th>What</th></tr></thead>
      <tbody>{shown.map((one) => <Row key={one.id} marker={one} />)}</tbody></table></TableScroll>}
  </Panel>;
}

export function MarkersPage() {
  const { query } = useStore(place);
  const range = rangeOf(query), type = query.get("type") ?? "";
  const store = usePageStore(() => new MarkersStore(range), []);
  const [adding, setAdding] = useState(false);
  useEffect(() => store.look(range), [store, JSON.stringify(range)]);
  const { axis } = store.state;
  return <>
    <PageHead title="Markers" lead="What happened when: they stand on every chart. Changes of flags and verdicts make theirs by themselves.">
      <TimeRangeChoice range={range} />
      <button type="button" class="button primary" onClick={() => setAdding(true)}><PlusIcon />Add a marker</button>
    </PageHead>
    <Loaded of={axis} height={420} what="the markers" again={() => store.refresh()}>{(value) => <div class="grid">
      <Panel title="On the time axis" hint="Over the requests of all migrations; drag to look at a part of the time.">
        <LineChart label="Requests over time with the markers" times={value.grid.times} granularity_s={value.grid.granularity_s} height={130} unit="count" zoom={zoomInto}
          lines={[{ label: "requests", color: "var(--series-other)", values: value.grid.groups[0]?.values["COUNT"] ?? value.grid.times.map(() => null) }]}
          markers={type === "" ? value.markers : value.markers.filter((one) => one.type === type)} />
      </Panel>
      {value.markers.length === 0
        ? <section class="panel"><Empty title="No markers in this time">Add one when you deploy, so that everybody sees on every chart what changed. A pipeline does it with <code>POST /api/markers</code>.</Empty></section>
        : <List axis={value} type={type} />}
    </div>}</Loaded>
    {adding && <AddMarker close={() => setAdding(false)} done={() => { setAdding(false); store.refresh(); }} />}
  </>;
}
