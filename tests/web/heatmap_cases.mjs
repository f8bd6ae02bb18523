import assert from "node:assert/strict";

const heatmap = `/ui/explore/evaluations?view=heatmap&q=${encodeURIComponent(JSON.stringify({ calculations: [{ op: "HEATMAP", column: "duration_ms" }] }))}`;

async function drag(page, from, to) {
  const box = await page.locator(".heatmap canvas").boundingBox();
  const at = ([x, y]) => [box.x + 62 + (box.width - 70) * x, box.y + 8 + (box.height - 34) * y];
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at(to), { steps: 5 });
  await page.mouse.up();
}

const byMode = `/ui/explore/evaluations?view=heatmap&q=${encodeURIComponent(JSON.stringify({ breakdowns: ["evaluation.mode"], calculations: [{ op: "HEATMAP", column: "duration_ms" }] }))}`;

/** A canvas has 300 pixels until its first drawing. */
async function drawn(pages, where) {
  const page = await pages.open(where);
  await page.waitForFunction(() => [...document.querySelectorAll(".heatmap canvas")].every((canvas) => canvas.width > 300));
  return page;
}

export const cases = [
  ["a heatmap is drawn, and a hovered cell says how many", async (pages) => {
    const page = await drawn(pages, heatmap);
    const colors = await page.locator(".heatmap canvas").evaluate((canvas) => {
      const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      const seen = new Set();
      for (let at = 0; at < pixels.length; at += 4) seen.add(`${pixels[at]},${pixels[at + 1]},${pixels[at + 2]}`);
      return seen.size;
    });
    assert.ok(colors > 10, `${colors} colours`);
    await page.locator(".heatmap canvas").hover({ position: { x: 200, y: 200 } });
    assert.match(await page.innerText(".heatmap .tip"), /^[\d,]+ between /);
  }],
  ["heatmaps of groups stand on one axis of time", async (pages) => {
    const page = await drawn(pages, byMode);
    const starts = await page.locator(".heatmap canvas").evaluateAll((all) => Object.fromEntries(all.map((canvas) => {
      const context = canvas.getContext("2d"), ratio = devicePixelRatio;
      const background = context.getImageData(canvas.width - 9 * ratio, 9 * ratio, 1, 1).data.join();
      // The lowest rows of the plot are those that every mode has.
      const row = context.getImageData(62 * ratio, (canvas.clientHeight - 40) * ratio, canvas.width - 70 * ratio, 1).data;
      let first = 0;
      while (first * 4 < row.length && row.subarray(first * 4, first * 4 + 4).join() === background) ++first;
      return [canvas.closest("section").querySelector("h2").textContent.split(" · ")[1], first];
    })));
    assert.ok(starts.control_only < starts.fire_and_forget && starts.fire_and_forget < starts.full_evaluation && starts.full_evaluation < starts.candidate_only, JSON.stringify(starts));
  }],
  ["dragging a rectangle tells what it has in common; the address keeps it", async (pages) => {
    const page = await pages.open(heatmap);
    await drag(page, [0, 0], [1, 0.5]);
    await page.waitForURL(/at=.*of=duration_ms/);
    await page.waitForSelector(".bubble");
    await pages.accessible(page, "the comparison");
    const first = await page.locator(".bubble h3").first().innerText();
    const again = await pages.open(new URL(page.url()).pathname + new URL(page.url()).search);
    await again.waitForSelector(".bubble");
    assert.equal(await again.locator(".bubble h3").first().innerText(), first);
    assert.equal(await again.locator(".heat-box").count(), 1);
    assert.equal(await page.locator(".heatmap .tip").count(), 0, "the tooltip goes with the drag");
    const [, , min, max] = new URL(page.url()).searchParams.get("at").split(",").map(Number);
    for (const shown of [page, again]) {
      const fields = [await shown.inputValue("[aria-label='From (ms)']"), await shown.inputValue("[aria-label='To (ms)']")].map(Number);
      assert.ok(Math.abs(fields[0] - min) <= min * 1e-4 && Math.abs(fields[1] - max) <= max * 1e-4, `${fields} shows the selection of ${min} to ${max}`);
    }
  }],
  ["shares from a sample are called estimates", async (pages) => {
    const sampled = (yes) => (page) => page.route("**/api/bubbleup", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...(await answer.json()), sampled: yes, looked_at: 1000 } });
    });
    for (const yes of [true, false]) {
      const page = await pages.open(heatmap, { prepare: sampled(yes) });
      await page.press("[aria-label='From (ms)']", "Enter");
      await page.waitForSelector(".bubble");
      assert.equal(await page.getByText("a sample of 1,000 was looked at, so the shares are estimates").count(), yes ? 1 : 0);
    }
  }],
  ["what is slow has in common what it has", async (pages) => {
    // Half of the candidate's charts take 200 ms longer than everything else.
    const page = await pages.open(heatmap.replaceAll("duration_ms", "candidate.duration_ms"));
    await page.fill("[aria-label='From (ms)']", "200");
    await page.fill("[aria-label='To (ms)']", "5000");
    await page.press("[aria-label='To (ms)']", "Enter");
    await page.waitForSelector(".bubble[aria-label='http.route']");
    assert.equal(await page.locator(".bubble[aria-label='http.route'] .link").first().innerText(), "chart");
    const dimensions = await page.locator(".bubble:has(.bubble-values) h3 .mono").allInnerTexts();
    assert.ok(dimensions.indexOf("http.route") < 5, dimensions.join());
    await page.click(".bubble[aria-label='http.route'] .link");
    await page.waitForURL(/filters/);
  }],
  ["without a pointer the same is done with numbers", async (pages) => {
    const page = await pages.open(heatmap);
    await page.fill("[aria-label='From (ms)']", "5");
    await page.press("[aria-label='From (ms)']", "Enter");
    await page.waitForSelector(".bubble");
  }],
];
