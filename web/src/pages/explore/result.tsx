import { client } from "../../api/client";
import type { Column, QueryAnswer } from "../../api/types";
import { moment, timeOf } from "../../format";
import { loading, PageStore, type Remote, usePageStore, valueOf } from "../../state/store";
import { setQuery, place, paths } from "../../state/location";
import { useStore } from "../../state/store";
import { Failed, Loaded, PageHead, Segmented } from "../../ui/parts";
import { saveCsv } from "../../charts/export";
import { DownloadIcon } from "../../ui/icons";
import { ResultView } from "./result_view";
import { type View, views } from "./spec";

interface State { answer: Remote<QueryAnswer>; columns: Remote<Column[]> }

class ResultStore extends PageStore<State> {
  constructor(private readonly id: string) { super({ answer: loading, columns: loading }); }

  override start(): void {
    void this.fetch("answer", async (signal) => {
      const answer = await client.result(this.id, signal);
      const dataset = answer.dataset ?? answer.query.dataset;
      if (dataset) void this.fetch("columns", async (other) => (await client.columns(dataset, other)).columns);
      return answer;
    });
  }
}

/** Numbers as they were when they were asked for. */
export function ResultPage(props: { id: string }) {
  const store = usePageStore(() => new ResultStore(props.id), [props.id]);
  const asked = useStore(place).query.get("view");
  const { answer, columns } = store.state;
  const value = valueOf(answer);
  if (answer.kind === "failed" && answer.error.status === 404) return <><PageHead title="Result" /><Failed error={answer.error} /></>;
  const dataset = value?.dataset ?? value?.query.dataset;
  const view: View = views.find((one) => one.value === asked)?.value ?? ((value?.data.heatmaps?.length ?? 0) > 0 ? "heatmap" : "line");
  const { dataset: _dataset, ...spec } = value?.query ?? {};
  return <>
    <PageHead title="A result" lead={value ? <>{value.created && `As it was on ${moment(timeOf(value.created))}. `}These numbers do not change any more.</> : ""}>
      {value && dataset && <a class="button" href={paths.explore(dataset, spec, view)}>Ask this again</a>}
    </PageHead>
    <div class="result-bar"><Segmented label="View" choices={views.filter((one) => one.value !== "raw")} value={view} choose={(next) => setQuery({ view: next }, { replace: true })} />
      {value && <button type="button" class="button small" onClick={() => saveCsv(`result-${props.id}`, [...new Set(value.data.results.flatMap((one) => Object.keys(one.data)))], value.data.results.map((one) => one.data))}><DownloadIcon />CSV</button>}</div>
    <Loaded of={answer} height={360} what="the result" again={() => store.start()}>{(found) => <ResultView answer={found} markers={[]} view={view} columns={valueOf(columns)} />}</Loaded>
  </>;
}
