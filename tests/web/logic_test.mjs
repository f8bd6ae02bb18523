// What the pages compute, without a browser: node logic_test.mjs WEB_FOLDER
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";
import test from "node:test";

const web = path.resolve(process.argv[2] ?? "web");
const { buildSync } = createRequire(path.join(web, "node_modules") + "/")("esbuild");

/** The exports of modules of web/src, as the browser gets them. */
async function load(...modules) {
  const { outputFiles } = buildSync({
    stdin: { contents: modules.map((name) => `export * from "./src/${name}";`).join("\n"), resolveDir: web, loader: "ts" },
    bundle: true, format: "esm", write: false, jsx: "automatic", jsxImportSource: "preact",
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}

const { parseJson } = await load("api/json.ts");
const format = await load("format.ts");
const { parts } = await load("pages/differences/words.ts");
const { treeOf } = await load("pages/trace/tree.ts");
const { criterionWords, headlineWords } = await load("pages/migration/criterion_words.ts");
const { mayCover, inForceSince } = await load("pages/differences/in_force.ts");
const { problemOf } = await load("pages/explore/problem.ts");
const { gridOf } = await load("charts/grid.ts");

test("a rule may cover the places that its path reaches, and is in force since the change that brought it", () => {
  assert.ok(mayCover("$.rows[*].a", "$.rows[*].a") && mayCover("$.rows", "$.rows[*].a") && mayCover("$..a", "$.rows[*].a") && mayCover("$.rows[*][*]", "$.rows[*].a"));
  assert.ok(!mayCover("$.rows[*].b", "$.rows[*].a") && !mayCover("$.rows[*].a.b", "$.rows[*].a"));
  const flag = (...rules) => ({ key: "x.compare", version: 1, on: true, variations: [{ rules }] });
  const rule = { path: "$.a", ulps: 4 };
  const history = [{ time: "2026-11-25T10:00:00Z", from: flag({ ulps: 4, path: "$.a" }), to: flag(rule, { path: "$.b", ignore: true }) }, { time: "2026-11-25T09:00:00Z", from: flag(), to: flag(rule) }];
  assert.equal(inForceSince(history, rule), Date.parse("2026-11-25T09:00:00Z"));
  assert.equal(inForceSince(history, { path: "$.a", ulps: 5 }), undefined);
});

test("what the server refuses is said in the words of the builder", () => {
  assert.deepEqual(problemOf({ message: "calculations[1]: no column" }), { part: "calculations", at: 1, where: "Show, number 2", text: "no column" });
  assert.deepEqual(problemOf({ message: "calculated_fields[0].expression: expected more\n    IF(\n       ^\n" }), { part: "calculated_fields", at: 0, where: "Calculate, field 1", text: "expected more", excerpt: "IF(\n   ^" });
  assert.deepEqual(problemOf({ message: "limit: 5000 is above 1000" }), { part: "limit", where: "Only groups, at most", text: "5000 is above 1000" });
  assert.deepEqual(problemOf({ message: "Understudy does not answer." }), { part: "", where: "", text: "Understudy does not answer." });
});

test("a headline has its criteria in words", () => {
  assert.equal(headlineWords("1 of 2 criteria hold; latency p50 at_most 250ms needs calls.", [{ criterion: "latency p50 at_most 250ms" }, { criterion: "difference_rate at_most 0.02" }]),
    "1 of 2 criteria hold; Latency P50 (at most 250 ms) needs calls.");
});

test("a configuration file is named without its folders", () => {
  assert.equal(format.withoutFolders("x.mode created by /a/b-c/run/understudy.yaml:19 (from the configuration)"), "x.mode created by understudy.yaml:19 (from the configuration)");
  assert.equal(format.withoutFolders("deploy of a/b and http://x/y"), "deploy of a/b and http://x/y");
});

test("integers beyond 2^53 stay their digits, other numbers stay numbers", () => {
  const parsed = parseJson('{"id": 9007199254740993, "ns": [1795595076242414137], "x": 1.5, "n": 12, "text": "9007199254740993", "float": 0.1234567890123456789}');
  // An engine without the source of a number cannot know better.
  if (typeof parsed.id === "string") assert.deepEqual([parsed.id, parsed.ns[0]], ["9007199254740993", "1795595076242414137"]);
  assert.deepEqual([parsed.x, parsed.n, parsed.text, typeof parsed.float], [1.5, 12, "9007199254740993", "number"]);
});

test("a share that is not whole never reads as whole, and one that is not nothing never as nothing", () => {
  assert.equal(format.percent(100), "100%");
  assert.equal(format.percent(99.996), "> 99.99%");
  assert.equal(format.percent(99.95), "99.95%");
  assert.equal(format.percent(0.004), "< 0.01%");
  assert.equal(format.percent(0), "0%");
});

test("durations take the unit that people would", () => {
  assert.deepEqual([0.0004, 0.25, 12.345, 1500, 90_000, 120_000, 5_400_000].map(format.duration), ["400 ns", "250 µs", "12.3 ms", "1.5 s", "1 min 30 s", "2 min", "1 h 30 min"]);
});

test("what differs within two texts stands between what they share", () => {
  assert.deepEqual(parts("1714862621207", "1714862621207000"), { before: "1714862621207", one: "", other: "000", after: "" });
  assert.deepEqual(parts("16.07489", "16.08489"), { before: "16.0", one: "7", other: "8", after: "489" });
  assert.deepEqual(parts("aa", "aaa"), { before: "aa", one: "", other: "a", after: "" });
  assert.deepEqual(parts("", "x"), { before: "", one: "", other: "x", after: "" });
});

const span = (span_id, parent_id, ms, duration_ms = 1) => ({ span_id, parent_id, dataset: "spans", name: span_id, error: false, fields: {}, duration_ms, time: `2026-05-01T00:00:00.${String(ms).padStart(3, "0")}000000Z` });

test("a trace is a tree: parents first, children by time, orphans and circles as roots", () => {
  const { nodes, length_ms } = treeOf([span("c", "a", 5), span("b", "a", 2, 40), span("a", "", 0, 10), span("orphan", "elsewhere", 1), span("x", "y", 7), span("y", "x", 8)]);
  assert.deepEqual(nodes.map((node) => `${node.span.span_id}${node.depth}`), ["a0", "b1", "c1", "orphan0", "x0", "y1"]);
  assert.equal(length_ms, 42);
  assert.deepEqual(treeOf([]), { nodes: [], length_ms: 0 });
});

test("a deep trace does not overflow", () => {
  const spans = Array.from({ length: 20_000 }, (_, at) => span(`s${at}`, at === 0 ? "" : `s${at - 1}`, 0));
  assert.equal(treeOf(spans).nodes.at(-1).depth, 19_999);
});

test("buckets without events are gaps, not zeros", () => {
  const grid = gridOf({
    query: { breakdowns: ["mode"], start_time: 100, end_time: 400, granularity: 60 },
    data: { results: [{ data: { mode: "a", COUNT: 3 } }], series: [{ time: "1970-01-01T00:02:00Z", data: { mode: "a", COUNT: 2 } }, { time: "1970-01-01T00:04:00Z", data: { mode: "a", COUNT: 1 } }] },
  });
  assert.deepEqual(grid.times, [60, 120, 180, 240, 300, 360]);
  assert.deepEqual(grid.groups[0].values.COUNT, [null, 2, null, 1, null, null]);
});

const words = await load("pages/flags/words.ts");

test("a flag's rules read as sentences", () => {
  const clause = (op, values, more = {}) => words.clauseText({ attribute: "country", op, values, ...more });
  assert.equal(clause("in", ["DE"]), "country is DE");
  assert.equal(clause("in", ["DE", "AT"]), "country is one of DE, AT");
  assert.equal(clause("in", ["DE"], { negate: true }), "country is not DE");
  assert.equal(clause("lessThan", [3], { contextKind: "device" }), "device country is below 3");
  assert.equal(words.clauseText({ op: "segmentMatch", values: ["pilots"] }), "the user is in segment pilots");
  assert.equal(clause("aNewOperator", [1], { negate: true }), "country not aNewOperator 1", "what is not known is shown as it is");
});

test("two versions of a flag differ in the lines that say so, and in nothing else", () => {
  const flag = { key: "f", version: 1, on: true, variations: ["a", "b", { deep: [1, 2] }], offVariation: 0, fallthrough: { variation: 0 }, rules: [] };
  const lines = (before, after) => words.differenceOf(words.describe(before), words.describe(after)).map((one) => one.sign + one.text);
  assert.deepEqual(lines(flag, { ...flag, version: 2 }), []);
  assert.deepEqual(lines(flag, { ...flag, on: false }), ["-on", "+off"]);
  assert.deepEqual(lines(flag, { ...flag, fallthrough: { rollout: { variations: [{ variation: 1, weight: 250 }, { variation: 0, weight: 99750 }] } } }), ["-everybody: a", "+everybody: a 99.75%, b 0.25%"]);
  assert.deepEqual(lines(flag, { ...flag, variations: ["a", "b", { deep: [1, 3] }] }), ["-    2", "+    3"]);
  assert.deepEqual(lines(null, { ...flag, variations: [] })[0], "+on");
});

test("what two people changed on a board is told apart", async () => {
  const { differs } = await load("pages/boards/store.ts");
  const text = (one) => ({ type: "text", text: one });
  const theirs = { name: "B", panels: [text("# One"), text("Two")] }, mine = { name: "B", panels: [text("# One"), text("Three")] };
  assert.deepEqual(differs(theirs, mine), { onlyTheirs: ["the panel “Two”"], onlyMine: ["the panel “Three”"] });
  assert.deepEqual(differs(theirs, { ...theirs, panels: [...theirs.panels].reverse() }), { onlyTheirs: [], onlyMine: [] });
});

test("text becomes elements, and what is no mark stays text", async () => {
  const { Markdown } = await load("ui/markdown.tsx");
  const flat = (node) => (Array.isArray(node) ? node.map(flat).join("") : node === null || node === undefined || typeof node === "boolean" ? "" : typeof node === "object" ? `<${String(node.type)}${node.props.href ? ` ${node.props.href}` : ""}>${flat(node.props.children)}</>` : String(node));
  const of = (text) => flat(Markdown({ text }).props.children);
  assert.equal(of("a **b *c*** `**d**`"), "<p>a <strong>b <em>c</em></strong> <code>**d**</code></p>".replaceAll(/<\/\w+>/g, "</>"));
  assert.equal(of("# One\n- two\n- three\n\n1. four"), "<h2>One</><ul><li>two</><li>three</></><ol><li>four</></>");
  assert.equal(of("[x](https://a.example) [y](javascript:alert(1)) [z](//b.example)"), "<p><a https://a.example>x</> [y](javascript:alert(1)) [z](//b.example)</>");
  assert.equal(of("<b>no</b> ** * [ `"), "<p><b>no</b> ** * [ `</>");
  assert.equal(of("[".repeat(60_000)), `<p>${"[".repeat(60_000)}</>`);
  assert.equal(of("```\n**x**"), "<pre>**x**</>", "a fence that is not closed goes to the end");
});

test("criteria are said in words, whatever way they are written", () => {
  const demands = ["success_rate no_worse_by 0.01", "latency p50 at_most 1.5", "latency p99 at_most 250ms", "difference_rate at_most 0.005", "evidence evaluations_min 2000 duration_min 120s", "error_classes forbid Timeout,Throttled route query"].map((text) => criterionWords(text).demand);
  assert.deepEqual(demands, ["at most 1% worse than control", "at most 1.5 times control's", "at most 250 ms", "in at most 0.5% of the answers", "at least 2,000 evaluations over 2 min", "Timeout, Throttled, on route query"]);
});
