// Takes the pictures of README.md and docs/: node tests/web/screenshots.mjs BINARY DEPS FOLDER
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Pages } from "./browser.mjs";

const [binary, deps, folder] = process.argv.slice(2);
if (!folder) throw new Error("usage: node tests/web/screenshots.mjs BINARY DEPS FOLDER");
const here = path.dirname(fileURLToPath(import.meta.url));
const child = spawn("python3", ["-B", path.join(here, "seed.py"), binary, "--phase-seconds", "20"], { stdio: ["pipe", "pipe", "inherit"] });
let said = "";
for await (const text of child.stdout) { said += text; if (said.includes("\n")) break; }
const server = JSON.parse(said);
const pages = await Pages.start(server, deps);
fs.mkdirSync(folder, { recursive: true });

const explore = (dataset, spec, view) => `/ui/explore/${dataset}?q=${encodeURIComponent(JSON.stringify(spec))}&view=${view}`;

/** Marks the slow part of the heatmap. */
async function drag(page) {
  const box = await page.locator(".heatmap canvas").boundingBox();
  await page.mouse.move(box.x + box.width * 0.4, box.y + 30);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.99, box.y + box.height * 0.42, { steps: 4 });
  await page.mouse.up();
  await page.waitForSelector(".bubble");
  await page.mouse.move(5, 5);
}

const pictures = [
  ["migration", `/ui/migrations/${server.migration}`, "light", 1000],
  ["differences", `/ui/differences/${server.migration}?route=query&path=%24.rows%5B*%5D.mean_delay&dimension=cell&explanation=float_ulp`, "light", 1000, (page) => page.waitForSelector("text=It would have accepted")],
  ["explore", explore("evaluations", { breakdowns: ["http.route"], calculations: [{ op: "P99", column: "duration_ms" }, { op: "AVG", column: "success" }] }, "line"), "dark", 860],
  ["bubbleup", explore("evaluations", { calculations: [{ op: "HEATMAP", column: "candidate.duration_ms" }], filters: [{ column: "candidate.duration_ms", op: "<", value: 300 }] }, "heatmap"), "dark", 1200, drag],
];
try {
  for (const [name, where, colorScheme, height, prepare] of pictures) {
    const page = await pages.open(where, { viewport: { width: 1280, height }, colorScheme });
    if (prepare) await prepare(page);
    await page.waitForTimeout(300);
    const file = path.join(folder, `${name}.png`);
    await page.screenshot({ path: file });
    console.log(`${file}: ${fs.statSync(file).size} bytes`);
  }
} finally {
  await pages.browser.close();
  child.stdin.end();
}
