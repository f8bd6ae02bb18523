import assert from "node:assert/strict";

const group = "last=1h&route=query&path=%24.rows%5B*%5D.mean_delay&dimension=cell&explanation=float_ulp";

export const cases = [
  ["groups say how many, where and why", async (pages) => {
    const page = await pages.open(`/ui/differences/${pages.server.migration}?last=1h`);
    const text = await page.innerText("table.groups");
    for (const wanted of ["$.rows[*].mean_delay", "float ulp", "$.rows[*].at", "time unit", "$.checked", "unexplained"]) assert.ok(text.includes(wanted), wanted);
    await page.waitForFunction(() => document.querySelectorAll("table.groups .spark rect").length > 3);
  }],
  ["one group shows both answers with what differs marked", async (pages) => {
    const page = await pages.open(`/ui/differences/${pages.server.migration}?last=1h`);
    await page.click("text=$.rows[*].at");
    await page.waitForURL(/explanation=time_unit/);
    await page.waitForSelector("table.examples mark.candidate");
    const [control, candidate] = await page.locator("table.examples tbody tr").first().locator("td.side").allInnerTexts();
    assert.equal(`${control}000`, candidate);
    assert.equal(await page.locator("table.examples tbody tr").first().locator("mark.candidate").innerText(), "000");
  }],
  ["a link to a group opened fresh shows it", async (pages) => {
    const page = await pages.open(`/ui/differences/${pages.server.migration}?${group}`);
    await page.waitForSelector("table.examples mark");
    assert.match(await page.inputValue("textarea[aria-label=Rule]"), /"ulps"/);
  }],
  ["a rule that is no JSON cannot be added", async (pages) => {
    const page = await pages.open(`/ui/differences/${pages.server.migration}?${group}`);
    await page.fill("textarea[aria-label=Rule]", "{\"path\":");
    await page.waitForSelector(".problem >> text=not JSON yet");
    assert.ok(await page.isDisabled("text=Add this rule"));
  }],
];
