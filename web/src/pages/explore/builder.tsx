import type { ComponentChildren } from "preact";
import type { Calculation, Filter, QuerySpec } from "../../api/types";
import { seconds } from "../../state/time_range";
import { valueOf } from "../../state/store";
import { paths } from "../../state/location";
import { CrossIcon, PlusIcon } from "../../ui/icons";
import { Suggest, fitting } from "../../ui/suggest";
import { calculationKey, calculationOps, filterOps, functions, textOf, valueFrom } from "./spec";
import { isInMore, type Problem } from "./problem";
import type { ExploreStore } from "./store";
import { useEffect, useState } from "preact/hooks";

function Row(props: { label: string; children: ComponentChildren }) {
  return <div class="ask-row"><span class="label">{props.label}</span><div class="pills">{props.children}</div></div>;
}

function Remove(props: { what: string; act: () => void }) {
  return <button type="button" class="pill-x" aria-label={`Remove ${props.what}`} onClick={props.act}><CrossIcon /></button>;
}

function Add(props: { what: string; act: () => void }) {
  return <button type="button" class="button plain small" onClick={props.act}><PlusIcon />{props.what}</button>;
}

/** The list without, or with another, element. */
function without<T>(list: readonly T[] | undefined, at: number): T[] { return (list ?? []).filter((_one, index) => index !== at); }
function changed<T>(list: readonly T[] | undefined, at: number, value: T): T[] { return (list ?? []).map((one, index) => (index === at ? value : one)); }

/** The class of a part of the question; one that the server refused is marked. */
function pill(store: ExploreStore, part: string, at?: number, more = ""): string { return `pill ${more} ${store.refused(part, at) ? "refused" : ""}`; }

/** What the server refused, where it was asked. */
function Refused(props: { problem: Problem }) {
  const { problem } = props;
  return <div class="problem stack" role="alert">
    <p>{problem.where !== "" && <><strong>{problem.where}:</strong> </>}{problem.text}</p>
    {problem.excerpt !== undefined && <pre class="excerpt" tabIndex={0} aria-label="The place in the expression">{problem.excerpt}</pre>}
  </div>;
}

function CalculationPill(props: { store: ExploreStore; calculation: Calculation; at: number }) {
  const { store, calculation, at } = props;
  const all = store.state.draft.calculations;
  const bare = calculationOps.find((one) => one.op === calculation.op)?.bare === true;
  const put = (next: Calculation) => store.draft({ calculations: changed(all, at, next) });
  return <span class={pill(store, "calculations", at)}>
    <select aria-label="Calculation" value={calculation.op} onChange={(event) => {
      const op = event.currentTarget.value;
      const { column: _column, ...rest } = calculation;
      put(calculationOps.find((one) => one.op === op)?.bare ? { ...rest, op } : { ...rest, op, column: calculation.column ?? "" });
    }}>{calculationOps.map((one) => <option key={one.op} value={one.op} title={one.about}>{one.op}</option>)}</select>
    {!bare && <Suggest mono takesOnly invalid={store.refused("calculations", at)} label="Column" placeholder="column" value={calculation.column ?? ""} suggest={(typed) => store.suggestColumns(typed)} change={(column) => put({ ...calculation, column })} commit={() => store.run()} />}
    {calculation.filters && <span class="pill-text" title="Only these events are counted in">where {calculation.filters.map((one) => `${one.column} ${one.op} ${textOf(one.value)}`).join(calculation.filter_combination === "OR" ? " or " : " and ")}</span>}
    {calculation.name && <span class="pill-text">as {calculation.name}</span>}
    <Remove what={`${calculation.op} ${calculation.column ?? ""}`} act={() => store.run({ spec: { ...store.state.draft, calculations: without(all, at) } })} />
  </span>;
}

function FilterPill(props: { store: ExploreStore; filter: Filter; at: number }) {
  const { store, filter, at } = props;
  const all = store.state.draft.filters;
  const put = (next: Filter) => store.draft({ filters: changed(all, at, next) });
  const op = filterOps.find((one) => one.op === filter.op);
  const [text, setText] = useState<string | null>(null);
  return <span class={pill(store, "filters", at)}>
    <Suggest mono takesOnly invalid={store.refused("filters", at)} label="Column" placeholder="column" value={filter.column} suggest={(typed) => store.suggestColumns(typed)} change={(column) => put({ ...filter, column })} />
    <select aria-label="Test" value={filter.op} onChange={(event) => {
      const next = event.currentTarget.value;
      const { value: _value, ...rest } = filter;
      put(filterOps.find((one) => one.op === next)?.bare ? { ...rest, op: next } : { ...rest, op: next, value: valueFrom(textOf(filter.value), next, store.column(filter.column)) });
    }}>{filterOps.map((one) => <option key={one.op} value={one.op}>{one.text}</option>)}</select>
    {!op?.bare && <Suggest mono takesOnly={(filter.op === "=" || filter.op === "!=") && Number.isNaN(Number(text ?? textOf(filter.value)))} label="Value" placeholder={op?.list ? "one, another" : "value"} value={text ?? textOf(filter.value)}
      suggest={async (typed, signal) => {
        if (!op?.list) return store.suggestValues(filter.column, typed, signal);
        // The last one of the list is being typed; those before it stay.
        const last = (typed.split(",").pop() ?? "").trim(), before = typed.slice(0, typed.length - last.length);
        return (await store.suggestValues(filter.column, last, signal)).map((one) => ({ ...one, value: before + one.value }));
      }}
      change={(typed) => { setText(typed); put({ ...filter, value: valueFrom(typed, filter.op, store.column(filter.column)) }); }}
      commit={() => { setText(null); store.run(); }} />}
    <Remove what={`the filter on ${filter.column || "nothing yet"}`} act={() => store.run({ spec: { ...store.state.draft, filters: without(all, at) } })} />
  </span>;
}

function Fields(props: { store: ExploreStore }) {
  const { store } = props;
  const all = store.state.draft.calculated_fields ?? [];
  return <Row label="Calculate">
    {all.map((field, at) => <span class={pill(store, "calculated_fields", at, "wide")} key={at}>
      <input class="input mono" aria-label="Name of the calculated field" placeholder="name" size={10} value={field.name} onInput={(event) => store.draft({ calculated_fields: changed(all, at, { ...field, name: event.currentTarget.value }) })} />
      <span class="pill-text" aria-hidden="true">=</span>
      <Suggest mono takesOnly invalid={store.refused("calculated_fields", at)} label="Expression" placeholder='IF($duration_ms > 100, "slow", "fast")' value={field.expression}
        suggest={(typed) => {
          const word = /[$A-Za-z_][\w.]*$/.exec(typed)?.[0] ?? "";
          const before = typed.slice(0, typed.length - word.length);
          const names = word.startsWith("$") ? store.suggestColumns(word.slice(1)).map((one) => ({ ...one, value: `$${one.value}` })) : fitting(functions.map((one) => ({ value: one.name, about: one.about })), word, 40);
          return word === "" && typed !== "" ? [] : names.map((one) => ({ ...one, value: before + one.value }));
        }}
        change={(expression) => store.draft({ calculated_fields: changed(all, at, { ...field, expression }) })} />
      <Remove what={`the calculated field ${field.name}`} act={() => store.run({ spec: { ...store.state.draft, calculated_fields: without(all, at) } })} />
    </span>)}
    <Add what="field" act={() => store.draft({ calculated_fields: [...all, { name: "", expression: "" }] })} />
  </Row>;
}

/** Names of calculations as a formula takes them: what is more than letters stands in quotes. */
function operand(key: string): string { return /^[A-Za-z_][\w.]*$/.test(key) ? key : `"${key}"`; }

function Formulas(props: { store: ExploreStore }) {
  const { store } = props;
  const { draft } = store.state;
  const all = draft.formulas ?? [];
  const names = (draft.calculations ?? [{ op: "COUNT" }]).filter((one) => one.op !== "HEATMAP").map((one) => ({ value: operand(calculationKey(one)), about: "asked for above" }));
  return <Row label="Formula">
    {all.map((formula, at) => <span class={pill(store, "formulas", at, "wide")} key={at}>
      <input class="input mono" aria-label="Name of the formula" placeholder="name" size={10} value={formula.name} onInput={(event) => store.draft({ formulas: changed(all, at, { ...formula, name: event.currentTarget.value }) })} />
      <span class="pill-text" aria-hidden="true">=</span>
      <Suggest mono takesOnly invalid={store.refused("formulas", at)} label="Formula" placeholder={`${names[0]?.value ?? "COUNT"} / 2`} value={formula.expression}
        suggest={(typed) => {
          const word = /(["A-Za-z_][\w.(]*)$/.exec(typed)?.[0] ?? "";
          const before = typed.slice(0, typed.length - word.length);
          return fitting(names, word).map((one) => ({ ...one, value: before + one.value }));
        }}
        change={(expression) => store.draft({ formulas: changed(all, at, { ...formula, expression }) })} />
      <Remove what={`the formula ${formula.name}`} act={() => store.run({ spec: { ...draft, formulas: without(all, at) } })} />
    </span>)}
    <Add what="formula" act={() => store.draft({ formulas: [...all, { name: "", expression: "" }] })} />
  </Row>;
}

const offsets = [["", "nothing"], ["3600", "1 hour before"], ["86400", "1 day before"], ["604800", "1 week before"]] as const;

function More(props: { store: ExploreStore }) {
  const { store } = props;
  const { draft } = store.state;
  const set = (name: "limit" | "granularity" | "compare_time_offset_seconds", value: number | undefined) => {
    const { [name]: _before, ...rest } = draft;
    store.run({ spec: value === undefined ? rest : { ...rest, [name]: value } });
  };
  const having = draft.havings?.[0];
  const calculations = draft.calculations ?? [{ op: "COUNT" }];
  return <>
    <Fields store={store} />
    <Formulas store={store} />
    <Row label="Only groups">
      <span class={pill(store, "havings", 0)}><span class="pill-text">with</span>
        <select aria-label="Groups with" value={having?.calculate_op ? `${having.calculate_op}/${having.column ?? ""}` : ""} onChange={(event) => {
          const [op = "", column = ""] = event.currentTarget.value.split("/");
          const { havings: _before, ...rest } = draft;
          store.set({ draft: op === "" ? rest : { ...rest, havings: [{ calculate_op: op, ...(column ? { column } : {}), op: having?.op ?? ">", value: having?.value ?? 0 }] } });
        }}>
          <option value="">anything</option>{calculations.filter((one) => one.op !== "HEATMAP").map((one) => <option key={`${one.op}/${one.column ?? ""}`} value={`${one.op}/${one.column ?? ""}`}>{one.column ? `${one.op}(${one.column})` : one.op}</option>)}
        </select>
        {having && <><select aria-label="Comparison" value={having.op} onChange={(event) => store.draft({ havings: [{ ...having, op: event.currentTarget.value }] })}>{[">", ">=", "<", "<=", "=", "!="].map((op) => <option key={op}>{op}</option>)}</select>
          <input class="input" type="number" step="any" aria-label="Bound" size={6} value={having.value} onInput={(event) => { const value = event.currentTarget.valueAsNumber; if (Number.isFinite(value)) store.draft({ havings: [{ ...having, value }] }); }} /></>}
      </span>
      <span class={pill(store, "limit")}><span class="pill-text">at most</span><select aria-label="Most groups" aria-invalid={store.refused("limit")} value={String(draft.limit ?? 100)} onChange={(event) => set("limit", Number(event.currentTarget.value))}>{[...new Set([5, 10, 20, 50, 100, 500, 1000, draft.limit ?? 100])].sort((a, b) => a - b).map((one) => <option key={one} value={one}>{one}</option>)}</select></span>
    </Row>
    <Row label="Over time">
      <span class={pill(store, "granularity")}><span class="pill-text">a point every</span><select aria-label="Granularity" aria-invalid={store.refused("granularity")} value={String(draft.granularity ?? "")} onChange={(event) => set("granularity", event.currentTarget.value === "" ? undefined : Number(event.currentTarget.value))}>
        <option value="">(chosen)</option>{["1s", "5s", "15s", "1m", "5m", "15m", "1h", "6h", "1d"].map((one) => <option key={one} value={seconds(one)}>{one}</option>)}</select></span>
      <span class="pill"><span class="pill-text">compared with</span><select aria-label="Compared with" value={String(draft.compare_time_offset_seconds ?? "")} onChange={(event) => set("compare_time_offset_seconds", event.currentTarget.value === "" ? undefined : Number(event.currentTarget.value))}>
        {offsets.map(([value, text]) => <option key={value} value={value}>{text}</option>)}</select></span>
    </Row>
  </>;
}

function usesMore(spec: QuerySpec): boolean {
  return (spec.calculated_fields?.length ?? 0) > 0 || (spec.formulas?.length ?? 0) > 0 || (spec.havings?.length ?? 0) > 0 || spec.limit !== undefined || spec.granularity !== undefined || spec.compare_time_offset_seconds !== undefined;
}

export function Builder(props: { store: ExploreStore; go: (href: string) => void }) {
  const { store } = props;
  const { draft, question, datasets } = store.state;
  const [more, setMore] = useState(() => usesMore(draft));
  const names = valueOf(datasets)?.map((one) => one.name) ?? [];
  const { problem } = store, hidden = isInMore(problem);
  useEffect(() => { if (hidden) setMore(true); }, [hidden]);
  const raw = question.view === "raw";
  return <form class="panel ask" aria-label="Question" onSubmit={(event) => { event.preventDefault(); store.run(); }}
    onKeyDown={(event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); store.run(); } }}>
    <Row label="Events of">
      <span class="pill"><select aria-label="Dataset" value={question.dataset} onChange={(event) => props.go(paths.explore(event.currentTarget.value))}>
        {[...new Set([question.dataset, ...names])].map((name) => <option key={name}>{name}</option>)}</select></span>
    </Row>
    {!raw && <Row label="Show">
      {(draft.calculations ?? []).map((one, at) => <CalculationPill key={at} store={store} calculation={one} at={at} />)}
      {(draft.calculations ?? []).length === 0 && <span class="pill"><span class="pill-text">COUNT</span></span>}
      <Add what="number" act={() => store.draft({ calculations: [...(draft.calculations ?? []), { op: "P99", column: "" }] })} />
    </Row>}
    <Row label="Where">
      {(draft.filters ?? []).map((one, at) => <FilterPill key={at} store={store} filter={one} at={at} />)}
      {(draft.filters ?? []).length > 1 && <span class="pill"><select aria-label="Filters hold" value={draft.filter_combination ?? "AND"} onChange={(event) => store.run({ spec: { ...draft, filter_combination: event.currentTarget.value as "AND" | "OR" } })}><option value="AND">all hold</option><option value="OR">one holds</option></select></span>}
      <Add what="filter" act={() => store.draft({ filters: [...(draft.filters ?? []), { column: "", op: "=", value: "" }] })} />
    </Row>
    {!raw && <Row label="Group by">
      {(draft.breakdowns ?? []).map((one, at) => <span class={pill(store, "breakdowns", at)} key={at}>
        <Suggest mono takesOnly invalid={store.refused("breakdowns", at)} label="Column to group by" placeholder="column" value={one} suggest={(typed) => store.suggestColumns(typed)} change={(name) => store.draft({ breakdowns: changed(draft.breakdowns, at, name) })} commit={() => store.run()} />
        <Remove what={`the grouping by ${one || "nothing yet"}`} act={() => store.run({ spec: { ...draft, breakdowns: without(draft.breakdowns, at) } })} /></span>)}
      <Add what="column" act={() => store.draft({ breakdowns: [...(draft.breakdowns ?? []), ""] })} />
    </Row>}
    {more && !raw && <More store={store} />}
    {problem && <Refused problem={problem} />}
    <div class="ask-foot">
      <button type="submit" class={`button ${store.changed ? "primary" : ""}`} title="Ctrl and Enter">{store.changed ? "Ask" : "Ask again"}</button>
      {!raw && <button type="button" class="button plain small" aria-expanded={more} onClick={() => setMore(!more)}>{more ? "Less" : "More: calculate, limit, compare"}</button>}
    </div>
  </form>;
}
