// A saved question on a board: asked when the board is looked at, drawn as Explore draws it.
import { client } from "../../api/client";
import type { Column, Marker, QueryAnswer, QueryPanel, QuerySpec } from "../../api/types";
import { groupKey, groupLabel, type Grid, gridOf, inModeOrder } from "../../charts/grid";
import { HeatmapChart } from "../../charts/heatmap";
import { LineChart } from "../../charts/lines";
import { unitOf } from "../../format";
import { navigate, paths } from "../../state/location";
import { loading, PageStore, type Remote, usePageStore } from "../../state/store";
import { resolveRange, type TimeRange } from "../../state/time_range";
import { Empty, Loaded, NotAll, Panel } from "../../ui/parts";
import { zoomInto } from "../../ui/time_range";
import { hrefOf } from "../explore/spec";
import { ResultTable, unitOfCalculation } from "../explore/result_view";
import { titleOf } from "./store";

interface Answered { answer: QueryAnswer; markers: Marker[]; columns: Column[] }
interface State { answered: Remote<Answered> }

const refreshSeconds = 30;
const chartsMax = 4;

/** The question with the time that is looked at: the board's, else its own, else all there is. */
async function timed(panel: QueryPanel, range: TimeRange, signal: AbortSignal): Promise<QuerySpec> {
  const { start_time, end_time, time_range, ...rest } = panel.query;
  const own = { ...(start_time === undefined ? {} : { start_time }), ...(end_time === undefined ? {} : { end_time }), ...(time_range === undefined ? {} : { time_range }) };
  if (range.last === undefined && range.from === undefined && Object.keys(own).length > 0) return panel.query;
  return { ...rest, ...(await resolveRange(range, panel.dataset, signal)) };
}

class PanelStore extends PageStore<State> {
  constructor(private readonly panel: QueryPanel, private readonly range: TimeRange) { super({ answered: loading }); }

  override start(): void {
    this.refresh();
    this.every(refreshSeconds, () => this.refresh());
  }

  refresh(): void {
    void this.fetch("answered", async (signal) => {
      const spec = await timed(this.panel, this.range, signal);
      if (this.panel.view === "heatmap" || this.panel.view === "line" || this.panel.view === "stacked") delete spec.disable_series;
      // Columns are asked for their units only; a dataset that nobody has written to has none yet.
      const units = client.columns(this.panel.dataset, signal).then((found) => found.columns, () => []);
      const [answer, columns] = await Promise.all([client.query(this.panel.dataset, spec, signal), units]);
      const { start_time, end_time } = answer.query;
      const { markers } = this.panel.view === "table" || start_time === undefined || end_time === undefined ? { markers: [] } : await client.markers({ from: start_time, until: end_time, limit: 200 }, signal);
      return { answer, markers, columns };
    });
  }
}

function Lines(props: { panel: QueryPanel; of: Answered; grid: Grid }) {
  const { panel, grid } = props, { markers, columns } = props.of;
  const names = grid.names.filter((name) => !name.startsWith("HEATMAP(")).slice(0, chartsMax), stacked = panel.view === "stacked";
  return <>{names.map((name) => {
    const unit = unitOfCalculation(name, columns);
    const lines = inModeOrder(grid.groups).map((group) => ({ label: group.label, color: group.color, ...(group.dash ? { dash: group.dash } : {}), values: (group.values[name] ?? []).map((value) => (value === null && stacked && unit === "count" ? 0 : value)) })).filter((line) => line.values.some((value) => value !== null));
    return <div key={name}>{names.length > 1 && <h3 class="mono">{name}</h3>}
      {lines.length === 0 ? <Empty title="No values in this time" /> : <LineChart label={`${titleOf(panel)}: ${name} over time`} times={grid.times} granularity_s={grid.granularity_s} lines={lines} unit={stacked && unit === "percent" ? "none" : unit} height={names.length > 1 ? 150 : 210} stacked={stacked} markers={markers} together="board" zoom={zoomInto} />}
    </div>;
  })}</>;
}

function Heat(props: { panel: QueryPanel; of: Answered }) {
  const { panel } = props, { answer, columns } = props.of, heatmaps = (answer.data.heatmaps ?? []).slice(0, chartsMax), breakdowns = answer.query.breakdowns ?? [];
  if (heatmaps.length === 0) return <Empty title="No heatmap was asked for">Its query needs the calculation HEATMAP of a column with numbers.</Empty>;
  return <>{heatmaps.map((one) => <div key={one.key + groupKey(one.group, breakdowns)}>{(heatmaps.length > 1 || breakdowns.length > 0) && <h3 class="mono">{[one.key, breakdowns.length > 0 ? groupLabel(one.group, breakdowns) : ""].filter(Boolean).join(" · ")}</h3>}
    {one.total === 0 || one.edges.length < 2 ? <Empty title="No numbers in this time" /> : <HeatmapChart heatmap={one} granularity_s={answer.query.granularity ?? 60} unit={unitOf(one.column, columns.find((column) => column.name === one.column)?.unit)} height={heatmaps.length > 1 ? 150 : 210}
      select={(rectangle) => navigate(hrefOf({ dataset: panel.dataset, spec: answer.query, view: "heatmap", selection: { ...rectangle, column: one.column } }))} />}</div>)}</>;
}

export function QueryPanelView(props: { panel: QueryPanel; range: TimeRange }) {
  const { panel, range } = props;
  const store = usePageStore(() => new PanelStore(panel, range), [JSON.stringify([panel.dataset, panel.query, panel.view, range])]);
  const { answered } = store.state;
  const { dataset: _dataset, ...asked } = answered.kind === "ready" ? { ...answered.value.answer.query, dataset: "" } : { ...panel.query, dataset: "" };
  return <Panel class="board-query" title={titleOf(panel)} flush={panel.view === "table"} actions={<a class="small" href={paths.explore(panel.dataset, asked, panel.view)}>Explore</a>}>
    <Loaded of={answered} height={250} what={titleOf(panel)} again={() => store.refresh()}>{(value) => {
      const grid = gridOf(value.answer);
      if (value.answer.data.results.length === 0 && (value.answer.data.heatmaps?.length ?? 0) === 0) return <Empty title="Nothing in this time" />;
      return <>
        <NotAll answer={value.answer} />
        {panel.view === "table" ? <ResultTable answer={value.answer} columns={value.columns} grid={grid} swatches={false} /> : panel.view === "heatmap" ? <Heat panel={panel} of={value} /> : <Lines panel={panel} of={value} grid={grid} />}
      </>;
    }}</Loaded>
  </Panel>;
}
