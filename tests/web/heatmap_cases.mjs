import assert from "node:assert/strict";

const heatmap = `/ui/explore/evaluations?view=heatmap&q=${encodeURIComponent(JSON.stringify({ calculations: [{ op: "HEATMAP", column: "duration_ms" }] }))}`;

export const cases = [
  ["a heatmap is drawn, and a hovered cell says how many", async (pages) => {
    const page = await pages.open(heatmap);
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
];
