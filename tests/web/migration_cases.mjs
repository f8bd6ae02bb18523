import assert from "node:assert/strict";

export const cases = [
  ["a newcomer finds the mode, the verdict and the errors", async (pages) => {
    const page = await pages.open("/");
    await page.waitForURL(`**/ui/migrations/${pages.server.migration}`);
    await pages.settled(page);
    const text = await page.innerText("main");
    for (const wanted of ["Success rate by evaluation mode", "20% of users get the candidate", "Criteria", "warming up", "$.rows[*].mean_delay", "float ulp"]) {
      assert.ok(text.includes(wanted), `the page says ${wanted}`);
    }
    // Every change of a flag and every deploy of the story stands on the chart.
    const markers = await page.locator("section:has-text('Success rate by') .marker-flag").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")).join("\n"));
    assert.match(markers, /control_only=50,fire_and_forget=50 by alice/);
    assert.match(markers, /data-engine 2\.1: more read capacity/);
  }],
  ["a dip leads to the errors and to the requests that failed", async (pages) => {
    const page = await pages.open(`/ui/migrations/${pages.server.migration}`);
    await page.click("text=Which errors?");
    await page.waitForURL("**/ui/explore/errors**");
    await pages.settled(page);
    assert.match(await page.innerText("table.data"), /ProvisionedThroughputExceededException/);
    await page.goBack();
    await pages.settled(page);
    await page.click("text=On which route and mode?");
    await page.waitForURL("**/ui/explore/evaluations**");
    await pages.settled(page);
    // The worst comes first.
    assert.match(await page.locator("table.data tbody tr").first().innerText(), /fire_and_forget/);
    await page.goBack();
    await pages.settled(page);
    await page.click("text=The requests that failed");
    await page.waitForSelector("table.events >> text=fire_and_forget");
  }],
  ["the crosshair shows the values of every mode", async (pages) => {
    const page = await pages.open(`/ui/migrations/${pages.server.migration}`);
    const chart = page.locator("section:has-text('Success rate by') .u-over");
    const box = await chart.boundingBox();
    await page.mouse.move(box.x + box.width * 0.05, box.y + box.height / 2);
    await page.waitForSelector("section:has-text('Success rate by') .legend .value:has-text('%')");
  }],
  ["dragging over a chart looks closer, and the address keeps it", async (pages) => {
    const page = await pages.open(`/ui/migrations/${pages.server.migration}`);
    const box = await page.locator("section:has-text('Success rate by') .u-over").boundingBox();
    await page.mouse.move(box.x + box.width * 0.2, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + 60, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/from=\d+&to=\d+/);
    await pages.settled(page);
    const again = await pages.open(new URL(page.url()).pathname + new URL(page.url()).search);
    assert.equal(await again.innerText(".segmented .part"), await page.innerText(".segmented .part"));
  }],
  ["a mode that does not add up cannot be set", async (pages) => {
    const page = await pages.open(`/ui/migrations/${pages.server.migration}`);
    await page.click("text=Change the mode");
    await page.fill("#mix-full_evaluation", "70");
    assert.equal(await page.inputValue("#mix-control_only"), "10", "the rest goes to control_only");
    await page.fill("#mix-full_evaluation", "95");
    await page.waitForSelector("text=The shares add up to 115%, not 100%.");
    assert.ok(await page.isDisabled("text=See what will happen"));
    await page.fill("#mix-control_only", "5");
    await page.fill("#mix-full_evaluation", "70");
    assert.equal(await page.inputValue("#mix-control_only"), "5", "what somebody said stays");
    await pages.accessible(page, "the dialog of the mode");
  }],
  ["the dialog of the mode begins at its first choice and gives the focus back; it asks why", async (pages) => {
    const page = await pages.open(`/ui/migrations/${pages.server.migration}`);
    await page.focus("text=Change the mode");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog[open]");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Control only");
    await page.click("text=Compare 10%");
    await page.waitForSelector("text=Say why");
    await page.fill("input[placeholder='criteria hold at 10%']", "a try");
    await page.waitForSelector("text=Say who you are");
    assert.ok(await page.isDisabled("text=See what will happen"));
    await page.fill("input[placeholder='your name']", "carol");
    await page.click("text=See what will happen");
    await page.waitForSelector("text=Set this mode");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog[open]", { state: "detached" });
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Change the mode");
  }],
  ["the latency is that of users or of both services", async (pages) => {
    const page = await pages.open(`/ui/migrations/${pages.server.migration}`);
    const panel = page.locator("section:has(h2:text('Latency P50'))");
    assert.match(await panel.innerText(), /What users waited for/);
    await panel.getByText("Both services").click();
    await pages.settled(page);
    await panel.getByText("What each service took").waitFor();
    assert.deepEqual(await panel.locator(".legend .name").allInnerTexts(), ["control", "candidate"]);
    assert.deepEqual(await page.locator("section:has(h2:text('Latency P99')) .legend .name").allInnerTexts(), ["control", "candidate"]);
  }],
  ["a traffic that has stopped is said to have", async (pages) => {
    const now = Date.now();
    const ago = (minutes) => (page) => page.route(/\/api\/query/, async (route) => {
      const asked = route.request().postDataJSON();
      if (!asked.events) return route.continue();
      await route.fulfill({ json: { columns: [], events: [{ time: new Date(now - minutes * 60_000).toISOString(), data: {} }], more: true, complete: true } });
    });
    const quiet = await pages.open(`/ui/migrations/${pages.server.migration}`, { prepare: ago(20) });
    await quiet.waitForSelector("[aria-label=Verdict] >> text=the last request was 20 min ago");
    const busy = await pages.open(`/ui/migrations/${pages.server.migration}`, { prepare: ago(0) });
    assert.doesNotMatch(await busy.innerText("[aria-label=Verdict]"), /last request/);
    assert.match(await busy.innerText(".page-head"), /Time of the charts/);
  }],
  ["a mode change says what will happen, is asked for twice, and is made", async (pages) => {
    const page = await pages.open(`/ui/migrations/${pages.server.migration}`);
    const before = await pages.api(`/api/migrations/${pages.server.migration}/mode`);
    await page.click("text=Change the mode");
    await page.click("text=Compare 10%");
    await page.fill("input[placeholder='your name']", "carol");
    await page.fill("input[placeholder='criteria hold at 10%']", "back to comparing");
    await page.click("text=See what will happen");
    const text = await page.innerText("dialog");
    assert.match(text, /Requests answered by the candidate\s+20%\s+→\s+0%/);
    assert.match(text, /10% of users get control's answer; the candidate is called and both answers are compared/);
    assert.match(text, /A new evidence window begins/);
    await pages.accessible(page, "the confirmation");
    assert.equal((await pages.api(`/api/migrations/${pages.server.migration}/mode`)).version, before.version, "nothing happened yet");
    await page.click("text=Set this mode");
    await page.waitForSelector("text=0% of users get the candidate");
    const after = await pages.api(`/api/migrations/${pages.server.migration}/mode`);
    assert.equal(after.mode, "control_only=90,full_evaluation=10");
    assert.equal(after.changed.by, "carol");
    assert.equal(after.changed.reason, "back to comparing");
  }],
  ["a change that somebody else was faster with is not made", async (pages) => {
    const page = await pages.open(`/ui/migrations/${pages.server.migration}`);
    await page.click("text=Change the mode");
    await page.click("text=Compare all");
    await page.fill("input[placeholder='your name']", "carol");
    await page.fill("input[placeholder='criteria hold at 10%']", "all of it");
    await page.click("text=See what will happen");
    await pages.api(`/api/migrations/${pages.server.migration}/mode`, { mode: "control_only=80,full_evaluation=20", by: "dave" }, "PUT");
    await page.click("text=Set this mode");
    await page.waitForSelector("dialog .problem >> text=decide again");
    assert.equal((await pages.api(`/api/migrations/${pages.server.migration}/mode`)).mode, "control_only=80,full_evaluation=20");
  }],
  ["an unknown migration says so", async (pages) => {
    const page = await pages.open("/ui/migrations/data-engin");
    await page.waitForSelector("[role=alert] >> text=data-engine");
  }],
  ["the modes of the migration are as they were", async (pages) => {
    await pages.api(`/api/migrations/${pages.server.migration}/mode`, { mode: "candidate_only=10,reverse_evaluation=10,full_evaluation=50,control_only=30", by: "bob" }, "PUT");
  }],
];
