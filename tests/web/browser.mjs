// Chromium before a running server: what every case needs to open a page and judge it.
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

/** The browser of the system: playwright-core brings none. */
function findBrowser() {
  const names = ["chromium", "chromium-headless-shell", "google-chrome"];
  for (const folder of process.env.PATH.split(":")) {
    for (const name of names) if (fs.existsSync(path.join(folder, name))) return path.join(folder, name);
  }
  throw new Error(`none of ${names.join(", ")} is in PATH; scripts/bootstrap installs it`);
}

export const desktop = { width: 1280, height: 900 };
export const phone = { width: 360, height: 740 };

/** Opens pages of one server in one browser and remembers what went wrong in them. */
export class Pages {
  static async start(server, deps) {
    const need = createRequire(path.resolve(deps, "npm/node_modules") + "/");
    const browser = await need("playwright-core").chromium.launch({
      executablePath: findBrowser(),
      // No name but our own address is resolved: what is not part of the program is not there.
      args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
    });
    const axe = fs.readFileSync(need.resolve("axe-core/axe.min.js"), "utf8");
    return new Pages(server, browser, axe);
  }

  constructor(server, browser, axe) {
    Object.assign(this, { server, browser, axe, base: `http://127.0.0.1:${server.admin}`, contexts: [] });
  }

  /** A fresh browser profile at a path, drawn to the end of its requests. */
  async open(where, { viewport = desktop, colorScheme = "light", prepare } = {}) {
    const context = await this.browser.newContext({ viewport, colorScheme, reducedMotion: "reduce" });
    this.contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);  // a machine that is busy with other tests takes its time
    page.problems = [];
    page.on("pageerror", (error) => page.problems.push(String(error)));
    page.on("console", (message) => { if (message.type() === "error") page.problems.push(message.text()); });
    page.on("request", (request) => { if (!request.url().startsWith(this.base) && !/^(blob|data):/.test(request.url())) page.problems.push(`asked elsewhere: ${request.url()}`); });
    if (prepare) await prepare(page);
    await page.goto(this.base + where);
    await this.settled(page);
    return page;
  }

  /** Until nothing is loading any more. */
  async settled(page) {
    await page.waitForSelector("h1");
    await page.waitForFunction(() => !document.querySelector(".skeleton, .stale"));
  }

  /** The server's own answer, without the browser. */
  async api(where, body, method = body === undefined ? "GET" : "POST") {
    const answer = await fetch(this.base + where, body === undefined ? {} : { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    const json = await answer.json().catch(() => ({}));
    return { status: answer.status, ...json };
  }

  /** No violation of the rules that axe-core knows for WCAG 2.1 A and AA, nor of its best practices. */
  async accessible(page, what, { colorsOnly = false } = {}) {
    await page.evaluate(`globalThis.axe ?? (() => { ${this.axe} })()`);
    const rules = colorsOnly ? { type: "rule", values: ["color-contrast"] } : { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] };
    const { violations } = await page.evaluate((runOnly) => globalThis.axe.run(document, { runOnly, resultTypes: ["violations"] }), rules);
    const found = violations.map((one) => `${one.id}: ${one.help}\n${one.nodes.slice(0, 3).map((node) => `    ${node.html.slice(0, 160)}\n    ${(node.failureSummary ?? "").replaceAll("\n", " ").slice(0, 240)}`).join("\n")}`);
    assert.deepEqual(found, [], `${what}:\n${found.join("\n")}`);
  }

  /** The page does not scroll sideways and no choices are cut; tables do, inside themselves. */
  async fits(page, what) {
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(over <= 0, `${what}: ${over} pixels too wide`);
    const cut = await page.evaluate(() => [...document.querySelectorAll("main .segmented")].filter((one) => one.scrollWidth > one.clientWidth + 1 || one.getBoundingClientRect().right > innerWidth).map((one) => one.getAttribute("aria-label")));
    assert.deepEqual(cut, [], `${what}: choices are cut`);
  }

  async closeAll() {
    await Promise.all(this.contexts.splice(0).map((context) => context.close()));
  }
}
