// A rule begins a new evidence window: these cases come after those that look at the old one.
import assert from "node:assert/strict";

const group = "last=1h&route=query&path=%24.rows%5B*%5D.mean_delay&dimension=cell&explanation=float_ulp";

export const cases = [
  ["a rule shows what it would have accepted, is asked for, and is in force", async (pages) => {
    const { migration } = pages.server;
    const page = await pages.open(`/ui/differences/${migration}?${group}`);
    await page.waitForSelector("text=It would have accepted");
    const preview = await page.innerText("section:has-text('Accept it')");
    assert.match(preview, /It would have accepted [\d,]+ of [\d,]+ differences/);
    const before = (await pages.api(`/api/flags/${migration}.compare`)).version;
    await page.click("text=Add this rule");
    await pages.accessible(page, "the confirmation of a rule");
    assert.equal((await pages.api(`/api/flags/${migration}.compare`)).version, before, "nothing happened yet");
    await page.fill("dialog input[placeholder='your name']", "carol");
    await page.fill("dialog input[placeholder='sums in another order']", "another order of summing");
    await page.click("dialog >> text=Add the rule");
    await page.waitForSelector("text=The rule is in force");
    const flag = await pages.api(`/api/flags/${migration}.compare`);
    assert.ok(JSON.stringify(flag.variations).includes("mean_delay"), JSON.stringify(flag));
    const { history } = await pages.api(`/api/flags/${migration}.compare/history?limit=1`);
    assert.equal(history[0].by, "carol");
    const { markers } = await pages.api("/api/markers?limit=1");
    assert.match(markers[0].message, /compare/);
    // What was found before it is no reason to add it again.
    const again = await pages.open(`/ui/differences/${migration}?${group}`);
    await again.waitForSelector("text=/A rule in force since .* covers this place; these were found before it/");
    const after = await again.innerText("section:has-text('Accept it')");
    assert.match(after, /Nothing has to be added/);
    assert.doesNotMatch(after, /would be left/);
    await again.click("summary >> text=another rule for this place");
    await again.waitForSelector("text=This very rule is in force already");
    assert.ok(await again.isDisabled("text=Add this rule"));
    await pages.accessible(again, "a group that a rule covers");
  }],
];
