// The page in a real browser, drawn from real flights by running programs.
// Usage: node page_test.mjs PROGRAMS DEPS [SCREENSHOT]
import assert from "node:assert/strict";
import { spawn, execFileSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import test from "node:test";

const [programs, deps, screenshot] = process.argv.slice(2);
const { chromium } = createRequire(path.resolve(deps, "npm/node_modules") + "/")("playwright-core");

/** The browser of the system: playwright-core brings none. */
function findBrowser() {
  const names = ["chromium", "chromium-headless-shell", "google-chrome"];
  for (const folder of process.env.PATH.split(":")) {
    for (const name of names) {
      if (fs.existsSync(path.join(folder, name))) return path.join(folder, name);
    }
  }
  throw new Error(`none of ${names.join(", ")} is in PATH; scripts/bootstrap installs it`);
}

/** Starts a program and gives it with what follows "listening on " in its output. */
async function serve(name, ...options) {
  const child = spawn(path.join(programs, name), options, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  for await (const text of child.stdout) {
    said += text;
    const found = /listening on ([^\s,]+)/.exec(said);
    if (found) return { child, url: found[1] };
  }
  throw new Error(`${name} ended: ${said}`);
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "flamingo-page-"));
let flamingo, browser, page;
const seen = { requests: [], errors: [] };

async function open() {
  const flights = path.join(deps, "vega-datasets/flights-3m.parquet");
  execFileSync(path.join(programs, "flamingo-prepare"),
    ["--flights", flights, "--every", "100", "--data", folder]);
  flamingo = await serve("flamingo", "--data", folder, "--listen", "127.0.0.1:0",
    "--vega-dir", path.join(deps, "npm/node_modules"));
  browser = await chromium.launch({
    executablePath: findBrowser(),
    // No name but our own address is resolved: what is not served by Flamingo is not there.
    args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
  });
  page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
  page.on("request", (request) => seen.requests.push(request));
  page.on("requestfailed", (request) => seen.errors.push(`failed: ${request.url()}`));
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") seen.errors.push(message.text());
  });
  await page.goto(flamingo.url);
  await page.waitForSelector("body[data-ready=true]");
}

async function close() {
  await browser?.close();
  flamingo?.child.kill("SIGTERM");
  fs.rmSync(folder, { recursive: true, force: true });
}

const steps = [];
const step = (name, run) => steps.push({ name, run });

/** Asks Flamingo as the page does. */
async function visualize(spec) {
  const answer = await fetch(`${flamingo.url}/api/visualize`, { method: "POST", body: JSON.stringify(spec) });
  assert.equal(answer.status, 200);
  return answer.json();
}

const gallery = async () => (await fetch(`${flamingo.url}/api/gallery`)).json();

/** What the drawing calls a mark, and how many of them so many rows make. */
const DRAWN = {
  bar: { name: "bar", count: (rows) => rows },
  point: { name: "point", count: (rows) => rows },
  rect: { name: "rect mark", count: (rows) => rows },
  line: { name: "line mark", count: () => 1 },
};

step("the page says of how many flights it speaks", async () => {
  assert.match(await page.innerText("header p"), /^Charts of 30,000 US flights/);
});

step("every chart of the gallery is drawn from the rows of its answer", async () => {
  const specs = await gallery();
  const figures = await page.locator("#gallery figure").all();
  assert.equal(figures.length, specs.length);
  for (const [i, spec] of specs.entries()) {
    const { rows } = await visualize(spec);
    assert.ok(rows.length > 1, spec.title);
    const caption = await figures[i].locator("figcaption").innerText();
    assert.ok(caption.startsWith(`${spec.title} ${rows.length} rows`), caption);
    const { name, count } = DRAWN[spec.mark];
    const marks = figures[i].locator(`svg path[aria-roledescription="${name}"]`);
    assert.equal(await marks.count(), count(rows.length), spec.title);
  }
});

step("a specification from the editor is drawn with its plan", async () => {
  const spec = {
    data: { name: "flights" },
    mark: "bar",
    encoding: {
      x: { field: "origin", type: "nominal" },
      y: { aggregate: "count", type: "quantitative" },
    },
    transform: [{ filter: { field: "origin", oneOf: ["SEA", "SFO", "ORD"] } }],
  };
  await page.fill("#account", "someone");
  await page.fill("#spec", JSON.stringify(spec));
  const asked = page.waitForRequest(`${flamingo.url}/api/visualize`);
  await page.click("#draw");
  assert.equal((await asked).headers()["x-account-id"], "someone");
  const bars = page.locator('#chart svg path[aria-roledescription="bar"]');
  await page.waitForFunction(() =>
    document.querySelectorAll('#chart svg path[aria-roledescription="bar"]').length === 3);
  const labels = await Promise.all((await bars.all()).map((bar) => bar.getAttribute("aria-label")));
  for (const [origin, count] of (await visualize(spec)).rows) {
    assert.ok(labels.some((label) => label.includes(`origin: ${origin}`) && label.includes(String(count))),
      `${origin} ${count} in ${labels}`);
  }
  assert.match(await page.innerText("#plan"), /SELECT origin/);
  assert.ok(await page.locator("#fault").isHidden());
});

step("nothing comes from outside, and nothing fails", async () => {
  const asked = seen.requests.map((request) => request.url()).filter((url) => !url.startsWith("data:"));
  assert.ok(asked.includes(`${flamingo.url}/lib/vega-embed.js`));
  assert.deepEqual(asked.filter((url) => !url.startsWith(`${flamingo.url}/`)), []);
  assert.deepEqual(seen.errors, []);
});

step("a specification that is refused is told with its place, and can be mended", async () => {
  await page.fill("#spec", '{"data":{"name":"flights"},"mark":"donut","encoding":{}}');
  await page.click("#draw");
  await page.waitForSelector("#fault:not([hidden])");
  assert.match(await page.innerText("#fault"), /InvalidSpec\nmark: 'donut'/);
  await page.locator("#gallery figure button").first().click();
  await page.waitForSelector("#fault", { state: "hidden" });
  assert.equal(await page.inputValue("#spec"), JSON.stringify((await gallery())[0], null, 2));
  if (screenshot) await page.screenshot({ path: screenshot, fullPage: true });
});

test("the page", async (context) => {
  try {
    await open();
    for (const { name, run } of steps) await context.test(name, run);
  } finally {
    await close();
  }
});
