import type { Accounting, Criterion, Differences, Errors, Migration, Part, Verdict } from "../../api/types";
import { ago, count, duration, percent, several, timeOf } from "../../format";
import { paths } from "../../state/location";
import { criterionWords, headlineWords } from "./criterion_words";
import { Empty, Panel, RulingTag, TableScroll } from "../../ui/parts";
import { linkToGroup } from "../errors/group";

function broken<Value extends object>(part: Part<Value>): part is { error: string } { return "error" in part && Object.keys(part).length <= 2; }

function NotMade(props: { error: string }) { return <p class="problem" role="alert">{props.error}</p>; }

function CriterionRow(props: { criterion: Criterion }) {
  const { criterion } = props;
  const words = criterionWords(criterion.criterion);
  return <tr>
    <td><RulingTag ruling={criterion.ruling} /></td>
    <td class="criterion-what"><strong>{words.title}</strong><div class="muted">{words.demand}</div></td>
    <td>{criterion.explanation}{criterion.missing && <div class="needs">Still needed: {criterion.missing.text}.</div>}</td>
  </tr>;
}

/** After so long without a request the numbers are those of a traffic that has stopped. */
const quietMs = 120_000;

export function VerdictStrip(props: { migration: Migration; lastRequest?: number | null | undefined }) {
  const { lastRequest } = props, now = Date.now();
  const { verdict } = props.migration;
  if (broken(verdict)) return <NotMade error={verdict.error} />;
  const tone = { pass: "pass", fail: "fail", not_enough_evidence: "wait" }[verdict.verdict];
  const figures = { pass: "Ready", fail: "Not ready", not_enough_evidence: "Too early to say" };
  return <section class={`panel verdict ${tone}`} aria-label="Verdict">
    <div class="verdict-figure">{verdict.criteria.length === 0 ? "No criteria" : figures[verdict.verdict]}</div>
    <div><p>{headlineWords(verdict.headline, verdict.criteria)}</p>
      <p class="muted small">{several(verdict.judged, "evaluation")} of the candidate, {duration(timeOf(verdict.window.end) - timeOf(verdict.window.start))} {verdict.window_reason}</p>
      {typeof lastRequest === "number" && now - lastRequest > quietMs && <p class="needs small">No traffic now: the last request was {ago(lastRequest, now)}.</p>}</div>
  </section>;
}

export function CriteriaPanel(props: { verdict: Part<Verdict> }) {
  const { verdict } = props;
  return <Panel class="two-thirds" title="Criteria" flush
    hint={`Agreed beforehand. All of them have to hold.${broken(verdict) ? "" : ` Judged on what was seen ${verdict.window_reason ?? ""}.`}`}>
    {broken(verdict) ? <NotMade error={verdict.error} /> : verdict.criteria.length === 0
      ? <Empty title="No criteria are agreed on">Say under <code>criteria:</code> of the migration what has to hold before the candidate takes over.</Empty>
      : <TableScroll label="Criteria"><table class="data stacking"><thead><tr><th>Verdict</th><th>Criterion</th><th>What was seen</th></tr></thead>
        <tbody>{verdict.criteria.map((one) => <CriterionRow key={one.criterion} criterion={one} />)}</tbody></table></TableScroll>}
  </Panel>;
}

const accountWords: Record<string, string> = {
  not_sampled: "not to be compared", compared: "compared", shed: "shed: at a bound", too_large: "too large to compare", timed_out: "candidate too slow",
  failed: "a call failed", client_aborted: "client went away", not_comparable: "not comparable",
};

export function AccountingPanel(props: { accounting: Accounting }) {
  const { accounting } = props;
  const all = Object.entries(accounting.accounts);
  const sum = Math.max(1, accounting.sum);
  return <Panel class="third" title="Accounting" hint={`${several(accounting.requests, "request")} ${accounting.source === "events" ? accounting.window_reason ?? "" : "since the start"}; each is in exactly one account`} flush>
    <table class="data"><tbody>
      {all.map(([name, value]) => <tr key={name} class={value === 0 ? "muted" : ""}>
        <td>{accountWords[name] ?? name}</td>
        <td class="number">{count(value)}</td><td class="number muted">{value === 0 ? "" : percent((value / sum) * 100)}</td>
      </tr>)}
      <tr><td><strong>{accounting.adds_up ? "adds up ✓" : accounting.under_way ? "under way" : "does not add up"}</strong></td>
        <td class="number"><strong>{accounting.adds_up ? count(accounting.sum) : count(accounting.requests - accounting.sum)}</strong></td><td /></tr>
    </tbody></table>
  </Panel>;
}

export function DifferencesPanel(props: { migration: string; differences: Part<Differences> }) {
  const { differences } = props;
  return <Panel class="half" title="Differences" flush
    hint={broken(differences) ? undefined : `${several(differences.total, "difference")} in ${several(differences.groups_found, "group")} ${differences.window_reason ?? ""}`}
    actions={<a href={paths.differences(props.migration)}>All differences</a>}>
    {broken(differences) ? <NotMade error={differences.error} /> : differences.groups.length === 0
      ? <Empty title="No differences in this window">Answers are compared in full_evaluation and reverse_evaluation. <a href={`${paths.differences(props.migration)}?last=24h`}>Those of the last 24 hours</a></Empty>
      : <TableScroll label="Groups of differences"><table class="data"><thead><tr><th class="number">Count</th><th>Where</th><th>Explanation</th></tr></thead><tbody>
        {differences.groups.slice(0, 8).map((group) => <tr key={group.text} class="can">
          <td class="number">{count(group.count)}</td>
          <td class="wrap"><a class="mono" href={differenceHref(props.migration, group)}>{group.path}</a><div class="muted">{group.route}</div></td>
          <td><span class={`tag ${group.explanation === "none" ? "fail" : "accent"}`}>{group.explanation === "none" ? "unexplained" : group.explanation.replaceAll("_", " ")}</span></td>
        </tr>)}
      </tbody></table></TableScroll>}
  </Panel>;
}

export function differenceHref(migration: string, group: { route?: string; path: string; dimension: string; explanation: string }): string {
  const query = new URLSearchParams({ route: group.route ?? "", path: group.path, dimension: group.dimension, explanation: group.explanation });
  return `${paths.differences(migration)}?${query}`;
}

export function ErrorsPanel(props: { migration: string; errors: Part<Errors>; window: string }) {
  const { errors } = props;
  return <Panel class="half" title="Errors" flush hint={broken(errors) ? undefined : `${several(errors.total, "error")} ${props.window || "in the same window"}`} actions={<a href={paths.errors()}>All errors</a>}>
    {broken(errors) ? <NotMade error={errors.error} /> : errors.groups.length === 0
      ? <Empty title="No errors in this window"><a href={paths.errors()}>Earlier ones</a></Empty>
      : <TableScroll label="Groups of errors"><table class="data"><thead><tr><th class="number">Count</th><th>Error</th><th>Last seen</th></tr></thead><tbody>
        {errors.groups.slice(0, 8).map((group) => <tr key={`${group.type}${group.route}${group.side}${group.where}`}>
          <td class="number">{count(group.count)}</td>
          <td class="wrap"><a href={linkToGroup(group, { migration: props.migration })}>{group.type}</a><div class="muted">{group.side} · {group.route}{group.last_message ? ` · ${group.last_message}` : ""}</div></td>
          <td class="nowrap">{group.last_time ? ago(timeOf(group.last_time)) : "–"}</td>
        </tr>)}
      </tbody></table></TableScroll>}
  </Panel>;
}
