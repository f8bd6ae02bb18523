// What holds for every page: it can be used by everybody, it fits a phone, it asks nobody but our server.
import assert from "node:assert/strict";
import { desktop, phone } from "./browser.mjs";

/** All that the builder can show at once. */
const longQuestion = {
  breakdowns: ["http.route", "evaluation.mode"], calculations: [{ op: "P99", column: "candidate.duration_ms" }, { op: "COUNT" }, { op: "AVG", column: "success" }],
  filters: [{ column: "url.path", op: "does-not-start-with", value: "/a/path/that/is/longer/than/a/phone/is/wide" }, { column: "evaluation.mode", op: "in", value: ["full_evaluation", "candidate_only"] }],
  calculated_fields: [{ name: "speed", expression: 'IF(GTE($duration_ms, 5), "slow", "fast")' }], formulas: [{ name: "twice", expression: "COUNT * 2" }],
  havings: [{ calculate_op: "COUNT", op: ">", value: 1 }], limit: 10, compare_time_offset_seconds: 3600,
};

const everyPage = (server) => [
  ["migration", `/ui/migrations/${server.migration}`],
  ["differences", `/ui/differences/${server.migration}?last=1h`],
  ["a group of differences", `/ui/differences/${server.migration}?last=1h&route=query&path=%24.rows%5B*%5D.mean_delay&dimension=cell&explanation=float_ulp`],
  ["explore", "/ui/explore/evaluations"],
  ["a long question", `/ui/explore/evaluations?view=line&q=${encodeURIComponent(JSON.stringify(longQuestion))}`],
  ["a heatmap", `/ui/explore/evaluations?view=heatmap&q=${encodeURIComponent('{"calculations":[{"op":"HEATMAP","column":"duration_ms"}]}')}`],
  ["events", "/ui/explore/spans?view=raw"],
  ["table", "/ui/explore/differences?view=table"],
  ["trace", `/ui/trace/${server.trace}`],
  ["errors", "/ui/errors"],
  ["a group of errors", "/ui/errors?last=1h&error.type=ProvisionedThroughputExceededException&error.where=answer&error.side=candidate&error.route=query"],
  ["boards", "/ui/boards"],
  ["markers", "/ui/markers"],
  ["flags", "/ui/flags"],
  ["a flag", "/ui/flags/data-engine.mode"],
  ["an address of no page", "/ui/nothing/here"],
];

/** What a page of a part that is not offered logs by itself. */
const expected = /status of (404|422)/;

export const cases = [
  // One load for all four: a page follows the size of its window and the colours of the system.
  ...everyPage({ migration: "data-engine", trace: "" }).map(([name], at) => [
    `${name}: axe-core finds nothing in light and dark, at 1280 and 360 pixels, where nothing is too wide`, async (pages) => {
      const page = await pages.open(everyPage(pages.server)[at][1]);
      for (const viewport of [desktop, phone]) {
        await page.setViewportSize(viewport);
        await pages.settled(page);
        await pages.fits(page, `${name} at ${viewport.width}`);
        await page.emulateMedia({ colorScheme: "light" });
        await pages.accessible(page, `${name} in light at ${viewport.width}`);
        await page.emulateMedia({ colorScheme: "dark" });
        await pages.accessible(page, `${name} in dark at ${viewport.width}`, { colorsOnly: true });
      }
      assert.deepEqual(page.problems.filter((one) => !expected.test(one)), [], name);
    },
  ]),
  ["the bar reaches to the right edge of a short page", async (pages) => {
    const page = await pages.open("/ui/nothing/here");
    assert.equal(await page.evaluate(() => innerWidth - document.querySelector(".top").getBoundingClientRect().right), 0);
  }],
  ["the keyboard alone reaches the content and the shortcuts", async (pages) => {
    const page = await pages.open(`/ui/migrations/${pages.server.migration}`);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
    await page.keyboard.press("?");
    await page.waitForSelector("dialog[open] >> text=Keyboard shortcuts");
    await pages.accessible(page, "the list of shortcuts");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog[open]", { state: "detached" });
    await page.keyboard.press("g");
    await page.keyboard.press("e");
    await page.waitForURL("**/ui/explore");
    await page.waitForSelector("h1 >> text=Explore");
  }],
  ["a chosen theme stays", async (pages) => {
    const page = await pages.open("/ui/flags", { colorScheme: "light" });
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.keyboard.press("t");
    await page.keyboard.press("t");
    const dark = await background();
    assert.notEqual(dark, light);
    await page.reload();
    await pages.settled(page);
    assert.equal(await background(), dark);
  }],
  ["the first page is drawn within one second", async (pages) => {
    const page = await pages.open(`/ui/migrations/${pages.server.migration}`);
    const { drawn, bytes } = await page.evaluate(() => ({
      drawn: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
      bytes: performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation")).filter((one) => !one.name.includes("/api/")).reduce((sum, one) => sum + one.transferSize, 0),
    }));
    console.log(`first contentful paint after ${Math.round(drawn)} ms, ${bytes} bytes`);
    assert.ok(drawn < 1000, `${drawn} ms`);
    assert.ok(bytes < 200_000, `${bytes} bytes`);
  }],
];
