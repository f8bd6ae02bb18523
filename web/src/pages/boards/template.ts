// Boards that can be made in one click.
import type { BoardContent, Filter, QueryPanel, QuerySpec } from "../../api/types";
import { paths } from "../../state/location";

/** What one looks at every morning while a service is being replaced. */
export function migrationStory(migration: string): BoardContent {
  const filters: Filter[] = [{ column: "evaluation.migration", op: "=", value: migration }];
  const panel = (title: string, dataset: string, view: QueryPanel["view"], query: QuerySpec): QueryPanel => ({ type: "query", title, dataset, view, query: { ...query, filters } });
  const byMode = { breakdowns: ["evaluation.mode"] };
  return {
    name: `The migration of ${migration}`,
    description: "Which mode fails, since when, and why the two services disagree.",
    panels: [
      { type: "criteria", migration },
      panel("Success rate by mode", "evaluations", "line", { ...byMode, calculations: [{ op: "AVG", column: "success" }] }),
      panel("Requests by mode", "evaluations", "stacked", { ...byMode, calculations: [{ op: "COUNT" }] }),
      panel("Half of the requests are faster (P50)", "evaluations", "line", { ...byMode, calculations: [{ op: "P50", column: "duration_ms" }] }),
      panel("One in a hundred is slower (P99)", "evaluations", "line", { ...byMode, calculations: [{ op: "P99", column: "duration_ms" }] }),
      { type: "text", text: `## When they disagree\n\nErrors are calls that failed; differences are answers that arrived and are not the same. Open the groups under [Errors](${paths.errors()}) and [Differences](${paths.differences(migration)}).` },
      panel("Errors by class", "errors", "stacked", { breakdowns: ["exception.type"], calculations: [{ op: "COUNT" }] }),
      panel("Differences by explanation", "differences", "table", { breakdowns: ["difference.explanation", "difference.path_pattern"], calculations: [{ op: "COUNT" }], limit: 12 }),
    ],
  };
}
