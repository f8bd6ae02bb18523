import assert from "node:assert/strict";

export const cases = [
  ["a trace is a waterfall; a span shows its fields; children fold", async (pages) => {
    const page = await pages.open(`/ui/trace/${pages.server.trace}`);
    const names = () => page.locator(".waterfall .span-open").allInnerTexts();
    const all = (await names()).map((name) => name.replace("error", "").trim());
    assert.deepEqual(all, ["GET /dashboard", "compile chart", "query", "POST /query", "plan", "scan flights", "read catalog", "aggregate", "render"]);
    const widths = await page.locator(".span-bar").evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().width));
    assert.ok(widths[0] > widths[3] && widths[3] > widths[6], "longer spans are longer");
    assert.equal(await page.locator(".span-bar.failed").count(), 1);
    await page.click("text=read catalog");
    await page.waitForSelector("table.fields >> text=throttled once");
    await page.click("[aria-label='4 children of POST /query'], [aria-label='3 children of POST /query']");
    assert.equal((await names()).length, 5);
  }],
  ["a trace that is not here says so", async (pages) => {
    const page = await pages.open("/ui/trace/00000000000000000000000000000001");
    await page.waitForSelector("text=No span of this trace is here");
  }],
  ["an event leads to its trace", async (pages) => {
    const page = await pages.open("/ui/explore/evaluations?view=raw");
    await page.locator("table.events button.link").first().click();
    await page.click("dialog >> text=Its trace");
    await page.waitForURL("**/ui/trace/**");
    await page.waitForSelector(".waterfall li");
  }],
];
