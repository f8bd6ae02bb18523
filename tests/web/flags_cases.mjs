import assert from "node:assert/strict";

const greeting = {
  on: true, variations: ["hello", "hi", "good day"], offVariation: 0,
  targets: [{ variation: 2, values: ["account-1", "account-2"] }],
  rules: [{ clauses: [{ attribute: "country", op: "in", values: ["DE", "AT"] }], rollout: { variations: [{ variation: 0, weight: 50000 }, { variation: 1, weight: 50000 }] } }],
  fallthrough: { variation: 0 },
};
const put = (pages, key, flag, parameters) => pages.api(`/api/flags/${key}?${parameters}`, flag, "PUT");

export const cases = [
  ["the list shows the mix of a migration and who changed it", async (pages) => {
    const page = await pages.open("/ui/flags");
    const text = await page.innerText("section.mode-flag");
    for (const wanted of ["data-engine.mode", "control_only 30%", "full_evaluation 50%", "candidate_only 10%", "reverse_evaluation 10%", "by bob", "a tenth of the accounts"]) assert.ok(text.replaceAll(/\s+/g, " ").includes(wanted), `${wanted} in ${text}`);
  }],
  ["a flag is read from the top, in words", async (pages) => {
    assert.equal((await put(pages, "words", greeting, "by=alice&expected_version=0")).status, 200);
    const page = await pages.open("/ui/flags/words");
    const steps = (await page.locator(".steps .step").allInnerTexts()).map((text) => text.replaceAll(/\s+/g, " "));
    assert.equal(steps.length, 3);
    assert.match(steps[0], /account-1, account-2 good day/);
    assert.match(steps[1], /If country is one of DE, AT hello 50% hi 50%/);
    assert.match(steps[2], /Everybody else hello/);
    await pages.accessible(page, "a flag");
  }],
  ["percentages are changed with a reason, and the history says what changed", async (pages) => {
    assert.equal((await put(pages, "greeting", greeting, "by=alice&expected_version=0")).status, 200);
    const page = await pages.open("/ui/flags/greeting");
    await page.click("text=Change percentages");
    await page.getByLabel("hi", { exact: true }).fill("25");
    assert.ok(await page.isDisabled("text=Set these percentages"), "125% cannot be set");
    await page.getByLabel("hello", { exact: true }).fill("75");
    await page.getByLabel("Who").fill("carol");
    await page.getByLabel("Why (for the history)").fill("a quarter says hi");
    await page.click("text=Set these percentages");
    await page.waitForSelector("text=Version 2");
    assert.match(await page.locator(".flag-history > li").first().innerText(), /carol[\s\S]*a quarter says hi[\s\S]*everybody else: hello\n[\s\S]*everybody else: hello 75%, hi 25%/);
    const flag = await pages.api("/api/flags/greeting");
    assert.deepEqual(flag.fallthrough.rollout.variations.map((one) => [one.variation, one.weight]), [[0, 75000], [1, 25000]]);
    assert.equal(flag.rules.length, 1, "rules stay");
  }],
  ["who was slower is told, and nothing of theirs is saved", async (pages) => {
    assert.equal((await put(pages, "contested", greeting, "by=alice&expected_version=0")).status, 200);
    const page = await pages.open("/ui/flags/contested");
    await page.click("text=Turn off");
    assert.equal((await put(pages, "contested", { ...greeting, fallthrough: { variation: 1 } }, "by=bob")).status, 200);
    await page.click("text=Turn it off");
    await page.waitForSelector("[role=alert] >> text=Somebody else was faster");
    const flag = await pages.api("/api/flags/contested");
    assert.equal(flag.on, true);
    assert.equal(flag.version, 2);
    await page.click("text=Look at what it is now");
    await page.waitForSelector("text=Version 2");
  }],
  ["an older version is put back", async (pages) => {
    assert.equal((await put(pages, "back", greeting, "by=alice&expected_version=0")).status, 200);
    assert.equal((await put(pages, "back", { ...greeting, rules: [] }, "by=bob")).status, 200);
    const page = await pages.open("/ui/flags/back");
    await page.click("text=Put back");
    assert.match(await page.innerText("dialog .diff"), /if country is one of DE, AT/);
    await page.click("text=Put it back");
    await page.waitForSelector("text=Version 3");
    assert.equal((await pages.api("/api/flags/back")).rules.length, 1);
  }],
  ["what hands users to the candidate says so before it is done", async (pages) => {
    const mode = (fallthrough) => ({ on: true, variations: ["control_only", "candidate_only"], offVariation: 0, fallthrough });
    assert.equal((await put(pages, "extra.mode", mode({ rollout: { variations: [{ variation: 0, weight: 40000 }, { variation: 1, weight: 60000 }] } }), "by=alice&expected_version=0")).status, 200);
    assert.equal((await put(pages, "extra.mode", mode({ variation: 0 }), "by=bob")).status, 200);
    const page = await pages.open("/ui/flags/extra.mode");
    await page.click("text=Put back");
    assert.match(await page.innerText("dialog .problem"), /60% of users instead of 0% get the candidate's answers/);
    await page.keyboard.press("Escape");
    await page.click("text=Turn off");
    await page.waitForSelector("dialog[open] >> text=Everybody gets control_only");
    assert.equal(await page.locator("dialog .problem").count(), 0);
    assert.equal((await fetch(`${pages.base}/api/flags/extra.mode`, { method: "DELETE" })).status, 204);
  }],
  ["a segment says who is in it", async (pages) => {
    assert.equal((await pages.api("/api/segments/pilots?by=alice", { included: ["account-7"], excluded: ["account-3"], rules: [{ clauses: [{ attribute: "email", op: "endsWith", values: ["@example.com"] }] }] }, "PUT")).status, 200);
    const page = await pages.open("/ui/flags?segment=pilots");
    const text = await page.innerText("dialog");
    for (const wanted of [/account-7\s+in/, /account-3\s+not in/, /if email ends with @example\.com\s+in/, /everybody else\s+not in/]) assert.match(text, wanted);
  }],
  ["one flag is found among many", async (pages) => {
    for (let at = 0; at < 9; ++at) assert.equal((await put(pages, `many-${at}`, { ...greeting, rules: [] }, "by=alice")).status, 200);
    const page = await pages.open("/ui/flags");
    await page.getByLabel("Find a flag").fill("MANY-7");
    await page.waitForFunction(() => document.querySelectorAll("table.flags tbody tr").length === 1);
    assert.match(await page.innerText("table.flags"), /many-7/);
    assert.equal(await page.locator("section.mode-flag").count(), 0);
    for (let at = 0; at < 9; ++at) assert.equal((await fetch(`${pages.base}/api/flags/many-${at}`, { method: "DELETE" })).status, 204);
  }],
  ["a flag that is not there is no failure", async (pages) => {
    const page = await pages.open("/ui/flags/nothing-like-it");
    assert.match(await page.innerText("main"), /There is no such flag/);
  }],
];
