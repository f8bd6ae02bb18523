import assert from "node:assert/strict";

const explore = (spec, view, more = "") => `/ui/explore/evaluations?q=${encodeURIComponent(JSON.stringify(spec))}&view=${view}${more}`;
const byMode = { breakdowns: ["evaluation.mode"], calculations: [{ op: "COUNT" }, { op: "P99", column: "duration_ms" }] };

async function rows(page) {
  return page.locator("table.data tbody tr").evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.innerText.replace("≠", "").trim())));
}

export const cases = [
  ["the table says what the server says", async (pages) => {
    const page = await pages.open(explore(byMode, "table"));
    const shown = Object.fromEntries((await rows(page)).map(([name, count]) => [name, Number(count.replaceAll(",", ""))]));
    const { data } = await pages.api("/api/query", { dataset: "evaluations", time_range: 3600, ...byMode });
    for (const { data: row } of data.results) assert.equal(shown[row["evaluation.mode"]], row.COUNT);
  }],
  ["with several migrations it says that all are counted, and one is a click away", async (pages) => {
    const page = await pages.open("/ui/explore/evaluations?view=table", { prepare: (page) => page.route("**/api/migrations", async (route) => {
      const answer = await route.fetch(), { migrations } = await answer.json();
      await route.fulfill({ response: answer, json: { migrations: [...migrations, { ...migrations[0], name: "another" }] } });
    }) });
    await page.waitForSelector("text=All 2 migrations are counted");
    await page.click(`.which >> text=${pages.server.migration}`);
    await page.waitForURL(/evaluation\.migration/);
    await pages.settled(page);
    assert.equal(await page.locator("input[aria-label=Column]").last().inputValue(), "evaluation.migration");
    assert.equal(await page.locator("text=migrations are counted").count(), 0);
  }],
  ["a click on a value looks at it alone, and the address has the filter", async (pages) => {
    const page = await pages.open(explore(byMode, "line"));
    await page.click("table.data button.link >> text=fire_and_forget");
    await page.waitForURL(/filters/);
    await pages.settled(page);
    assert.deepEqual((await rows(page)).map(([name]) => name), ["fire_and_forget", "total"]);
  }],
  ["a link opened fresh shows the same", async (pages) => {
    const time = await pages.api("/api/datasets");
    const { first_time, last_time } = time.datasets.find((one) => one.name === "evaluations");
    const spec = { ...byMode, start_time: Math.floor(Date.parse(first_time) / 1000), end_time: Math.ceil(Date.parse(last_time) / 1000) + 1, filters: [{ column: "http.route", op: "=", value: "query" }], orders: [{ op: "COUNT", order: "ascending" }] };
    const where = explore(spec, "table");
    const [one, other] = [await pages.open(where), await pages.open(where)];
    assert.deepEqual(await rows(one), await rows(other));
    assert.equal(await other.locator("select[aria-label=Calculation]").nth(1).inputValue(), "P99");
    assert.equal(await other.locator("input[aria-label=Value]").inputValue(), "query");
    assert.equal(await other.getAttribute(".segmented [aria-pressed=true] >> nth=1", "aria-pressed"), "true");
  }],
  ["columns are suggested while they are typed, and chosen with the keyboard", async (pages) => {
    const page = await pages.open(explore({ calculations: [{ op: "COUNT" }] }, "table"));
    await page.click("form.ask >> text=column");
    const field = page.locator("input[aria-label='Column to group by']");
    await field.fill("http.rou");
    await page.waitForSelector("[role=option] >> text=http.route");
    await field.press("ArrowDown");
    await field.press("Enter");
    await page.waitForURL(/http\.route/);
    await pages.settled(page);
    assert.deepEqual((await rows(page)).map(([name]) => name).sort(), ["catalog", "chart", "query", "total"]);
  }],
  ["Enter takes the only suggestion, and Escape closes the list only", async (pages) => {
    const page = await pages.open(explore({ calculations: [{ op: "COUNT" }] }, "table"));
    await page.click("form.ask >> text=column");
    const field = page.locator("input[aria-label='Column to group by']");
    await field.fill("http.rout");
    await page.waitForFunction(() => document.querySelectorAll("[role=option]").length === 1);
    await field.press("Escape");
    assert.equal(await page.locator("[role=option]").count(), 0);
    assert.equal(await field.inputValue(), "http.rout", "what was typed stays");
    await field.fill("http.route");
    await field.fill("http.rout");
    await page.waitForFunction(() => document.querySelectorAll("[role=option]").length === 1);
    await field.press("Enter");
    await page.waitForURL(/http\.route/);
    await pages.settled(page);
    assert.deepEqual((await rows(page)).map(([name]) => name).sort(), ["catalog", "chart", "query", "total"]);
  }],
  ["functions are suggested in a calculated field", async (pages) => {
    const page = await pages.open(explore({ calculations: [{ op: "COUNT" }] }, "table"));
    await page.click("text=More: calculate, limit, compare");
    await page.click("form.ask button >> text=field");
    await page.locator("input[aria-label=Expression]").fill("IF(GTE");
    await page.waitForSelector("[role=option] >> text=IF(GTE(");
  }],
  ["values are suggested, the most frequent first, and one becomes a filter", async (pages) => {
    const page = await pages.open(explore({ breakdowns: ["http.route"], calculations: [{ op: "COUNT" }] }, "table"));
    await page.click("form.ask button >> text=filter");
    await page.locator("input[aria-label=Column]").last().fill("exception.type");
    await page.locator("input[aria-label=Column]").last().fill("http.route");
    await page.locator("input[aria-label=Value]").fill("cat");
    await page.click("[role=option] >> text=catalog");
    await page.waitForURL(/catalog/);
    await pages.settled(page);
    assert.deepEqual((await rows(page)).map(([name]) => name), ["catalog", "total"]);
  }],
  ["a calculated field groups, a formula is a column, an error points at its character", async (pages) => {
    const fields = { calculated_fields: [{ name: "speed", expression: 'IF(GTE($duration_ms, 5), "slow", "fast")' }], breakdowns: ["speed"], calculations: [{ op: "COUNT" }], formulas: [{ name: "twice", expression: "COUNT * 2" }] };
    const page = await pages.open(explore(fields, "table"));
    const shown = Object.fromEntries((await rows(page)).map(([name, count, twice]) => [name, [count, twice].map((text) => Number(text.replaceAll(",", "")))]));
    assert.equal(shown.slow[1], 2 * shown.slow[0]);
    assert.equal(shown.slow[0] + shown.fast[0], shown.total[0]);
    const wrong = await pages.open(explore({ calculated_fields: [{ name: "speed", expression: "IF($duration_ms," }], breakdowns: ["speed"] }, "table"));
    await wrong.waitForSelector("form.ask [role=alert] >> text=/character|position/");
    assert.equal(await wrong.innerText("pre.excerpt"), "IF($duration_ms,\n                ^");
    assert.equal(await wrong.inputValue(".pill.refused input[aria-label=Expression]"), "IF($duration_ms,");
  }],
  ["a link to a result shows the same numbers later", async (pages) => {
    const page = await pages.open(explore({ ...byMode, time_range: 3600 }, "table"));
    const before = await rows(page);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.click("text=Link to these numbers");
    await page.waitForSelector("[role=status] >> text=copied");
    const link = await page.evaluate(() => navigator.clipboard.readText());
    const stored = await pages.open(new URL(link).pathname + "?view=table");
    assert.deepEqual(await rows(stored), before);
    await pages.accessible(stored, "a stored result");
    await stored.click("text=Ask this again");
    await stored.waitForURL("**/ui/explore/evaluations**");
    await pages.settled(stored);
    assert.deepEqual(await rows(stored), before);
  }],
  ["a result that is not kept says so", async (pages) => {
    const page = await pages.open("/ui/result/4nXq9bTk2Lz");
    await page.waitForSelector("[role=alert] >> text=there is no result");
  }],
  ["what the server refuses is said in its words", async (pages) => {
    const page = await pages.open(explore({ calculations: [{ op: "P99", column: "duration_m" }] }, "line"));
    await page.waitForSelector("[role=alert] >> text=duration_ms");
  }],
  ["what is refused stands at its part of the builder, and the numbers before it say that they are older", async (pages) => {
    const page = await pages.open(explore({ ...byMode, filters: [{ column: "http.route", op: "=", value: "query" }] }, "table"));
    await page.click("form.ask button >> text=filter");
    await page.locator("input[aria-label=Column]").last().fill("http.rouute");
    await page.locator("input[aria-label=Value]").last().fill("x");
    await page.click("form.ask button[type=submit]");
    await page.waitForSelector("form.ask [role=alert] >> text=Where, filter 2:");
    assert.equal(await page.locator(".pill.refused").count(), 1);
    assert.equal(await page.inputValue(".pill.refused input[aria-label=Column]"), "http.rouute");
    await page.waitForSelector("text=These numbers are older than the question");
    for (const name of ["CSV", "Link to these numbers"]) assert.ok(await page.isDisabled(`.result-bar >> text=${name}`), name);
    await page.click("[aria-label='Remove the filter on http.rouute']");
    await page.waitForSelector(".pill.refused", { state: "detached" });
    await pages.settled(page);
    assert.ok(await page.isEnabled(".result-bar >> text=CSV"));
    const limit = await pages.open(explore({ ...byMode, limit: 5000 }, "table"));
    await limit.waitForSelector("form.ask [role=alert] >> text=Only groups, at most");
    assert.equal(await limit.locator(".pill.refused select").getAttribute("aria-label"), "Most groups");
  }],
  ["a question that cannot be read is reported", async (pages) => {
    const page = await pages.open("/ui/explore/evaluations?q=%7Bbroken&view=line");
    await page.waitForSelector("[role=alert] >> text=could not be read");
  }],
  ["an event shows all its fields, and one of them becomes a filter", async (pages) => {
    const page = await pages.open("/ui/explore/errors?view=raw");
    await page.locator("table.events button.link").first().click();
    await pages.accessible(page, "an event");
    await page.click("dialog [aria-label='Only where error.side is candidate']");
    await page.waitForURL(/error\.side/);
    await pages.settled(page);
    assert.ok(await page.locator("table.events tbody tr").count() > 0);
  }],
  ["a result is saved as CSV and as PNG", async (pages) => {
    const page = await pages.open(explore(byMode, "line"));
    const saved = async (name) => {
      const [download] = await Promise.all([page.waitForEvent("download"), page.click(`.result-bar >> text=${name}`)]);
      const chunks = [];
      for await (const chunk of await download.createReadStream()) chunks.push(chunk);
      return Buffer.concat(chunks);
    };
    const csv = (await saved("CSV")).toString();
    assert.match(csv, /^evaluation\.mode,COUNT,P99\(duration_ms\)\r\n/);
    assert.equal(csv.trim().split("\r\n").length, 6);
    const png = await saved("PNG");
    assert.equal(png.subarray(1, 4).toString(), "PNG");
    assert.ok(png.length > 5000);
  }],
];
