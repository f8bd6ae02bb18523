import assert from "node:assert/strict";

const group = "last=1h&error.type=ProvisionedThroughputExceededException&error.where=answer&error.side=candidate&error.route=query";
const number = (text) => Number(text.replaceAll(",", ""));

export const cases = [
  ["groups say what, where, in which modes and how it went", async (pages) => {
    const page = await pages.open("/ui/errors?last=1h");
    const row = page.locator("table.errors tbody tr", { hasText: "ProvisionedThroughputExceededException" }).filter({ hasText: "query" }).first();
    assert.match(await row.innerText(), /candidate/);
    assert.match(await row.innerText(), /configured provisioned throughput was exceeded/);
    assert.match(await row.locator(".modes-of").getAttribute("aria-label"), /^fire_and_forget \d+$/);
    assert.ok(await row.locator(".spark rect").count() > 0);
    const answer = await pages.api("/api/query", { dataset: "errors", time_range: 3600, breakdowns: ["exception.type", "http.route"], disable_series: true });
    const wanted = answer.data.results.find(({ data }) => data["exception.type"].startsWith("Provisioned") && data["http.route"] === "query").data.COUNT;
    assert.equal(number(await row.locator("td").first().innerText()), wanted);
  }],
  ["a group shows which deploy ended it and how often it happened there", async (pages) => {
    const page = await pages.open("/ui/errors?last=1h");
    await page.locator("table.errors tbody tr", { hasText: "ProvisionedThroughputExceededException" }).filter({ hasText: "query" }).first().locator("a").click();
    await page.waitForURL(/error\.type=Provisioned/);
    await pages.settled(page);
    const deploys = await page.locator("section", { hasText: "By deploy" }).locator("tbody tr").allInnerTexts();
    const [before, after] = deploys.map((text) => text.split("\t").map((cell) => cell.trim()));
    assert.equal(before[0], "before");
    assert.ok(number(before[1]) > 10, deploys.join("\n"));
    assert.match(after[0], /since data-engine 2\.1/);
    assert.equal(number(after[1]), 0, deploys.join("\n"));
    assert.ok(number(after[2]) > 10, "calls went on");
    const modes = await page.locator("section", { hasText: "By mode" }).last().locator("tbody tr").allInnerTexts();
    assert.ok(modes.some((text) => /full_evaluation\s+0\s/.test(text)), modes.join("\n"));
  }],
  ["one error opened fresh from a link shows its request and its trace", async (pages) => {
    const { events } = await pages.api("/api/query", { dataset: "errors", time_range: 3600, filters: [{ column: "exception.type", op: "starts-with", value: "Provisioned" }, { column: "http.route", op: "=", value: "query" }], events: { limit: 3 } });
    const wanted = events[2].data["evaluation.id"];
    const page = await pages.open(`/ui/errors?${group}&event=${wanted}`);
    const error = page.locator(".one-error");
    assert.match(await error.innerText(), /The level of configured provisioned throughput was exceeded/);
    assert.match(await error.innerText(), /candidate\.status_code\s+500/);
    assert.equal(await page.locator(".occurrences [aria-pressed=true]").count(), 1);
    assert.match(await error.locator("text=Its trace").getAttribute("href"), /^\/ui\/trace\/[0-9a-f]{32}$/);
    await pages.accessible(page, "a group of errors");
  }],
  ["what is new can stand first", async (pages) => {
    const page = await pages.open("/ui/errors?last=1h");
    await page.getByRole("button", { name: "First seen" }).click();
    await page.waitForURL(/order=first/);
    const firsts = await page.locator("table.errors td.first").allInnerTexts();
    assert.deepEqual(firsts, [...firsts].sort().reverse());
    assert.ok(new Set(firsts).size > 1, firsts.join());
  }],
  ["narrowed to a mode, other modes' errors are gone", async (pages) => {
    const page = await pages.open("/ui/errors?last=1h");
    await page.locator(".narrow").getByLabel("Mode").selectOption("full_evaluation");
    await page.waitForURL(/mode=full_evaluation/);
    await page.waitForFunction(() => !document.querySelector("table.errors")?.innerText.includes("Provisioned"));
    assert.match(await page.innerText("main"), /warming up|No errors like this/);
  }],
  ["what is not stored any more is said", async (pages) => {
    const page = await pages.open("/ui/errors?last=1h", { prepare: (opened) => opened.route("**/api/query*", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...(await answer.json()), complete: false, complete_since: new Date().toISOString() } });
    }) });
    await page.waitForSelector("text=Not all events of this time are stored any more");
  }],
  ["no errors is no error", async (pages) => {
    const page = await pages.open("/ui/errors?from=1000000000&to=1000003600");
    assert.match(await page.innerText("main"), /No errors in this time/);
    assert.deepEqual(page.problems, []);
  }],
];
