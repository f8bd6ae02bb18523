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
  ["nothing is said of rules for a difference that nothing explains, and one can be written", async (pages) => {
    const page = await pages.open(`/ui/differences/${pages.server.migration}?last=1h&route=catalog`);
    await page.click("table.groups tr:has-text('unexplained') button.link >> nth=0");
    await page.waitForSelector("text=No rule is offered, because nothing explains this difference");
    assert.equal(await page.inputValue("textarea[aria-label=Rule]"), "");
    assert.ok(await page.isDisabled("text=Add this rule"));
    await page.click("[aria-label='Begin with'] >> text=ignore");
    await page.waitForSelector("text=It would have accepted");
  }],
  ["rules that a client library applies are not called unneeded", async (pages) => {
    const rule = '{"path": "$.rows[*].mean_delay", "ulps": 4}';
    const page = await pages.open(`/ui/differences/${pages.server.migration}?last=1h`, { prepare: (page) => page.route(/\/differences\?/, async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...(await answer.json()), rules: [{ rule, hits: null }] } });
    }) });
    await page.waitForSelector("text=is counted in the client library, not here");
    await page.waitForSelector("text=/In this time \\d+ of [\\d,]+ compared answers/");
    const panel = await page.innerText("section:has(h2:text('Rules in force'))");
    assert.doesNotMatch(panel, /can go|–/);
    assert.match(panel, /mean_delay/);
  }],
  ["beside an open group the list of groups is whole, and the choice of a migration leads to its own", async (pages) => {
    const page = await pages.open(`/ui/differences/${pages.server.migration}?${group}`, { prepare: (page) => page.route("**/api/migrations", async (route) => {
      const answer = await route.fetch(), { migrations } = await answer.json();
      await route.fulfill({ response: answer, json: { migrations: [...migrations, { ...migrations[0], name: "another" }] } });
    }) });
    const over = await page.locator(".list-side .table-scroll").first().evaluate((one) => one.scrollWidth - one.clientWidth);
    assert.ok(over <= 0, `${over} pixels of the groups are cut`);
    await page.selectOption("label:has-text('Migration') select", "another");
    await page.waitForURL("**/ui/differences/another");
  }],
  ["a rule that is no JSON cannot be added", async (pages) => {
    const page = await pages.open(`/ui/differences/${pages.server.migration}?${group}`);
    await page.fill("textarea[aria-label=Rule]", "{\"path\":");
    await page.waitForSelector(".problem >> text=not JSON yet");
    assert.ok(await page.isDisabled("text=Add this rule"));
  }],
];
