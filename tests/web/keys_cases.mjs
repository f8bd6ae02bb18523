// A server that asks for keys: the page is there without one, its data is not.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Pages } from "./browser.mjs";

async function withLockedServer(pages, run) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "understudy-keys-"));
  const config = path.join(folder, "understudy.yaml");
  fs.writeFileSync(config, `data_dir: ${folder}/data\nadmin: { listen: 127.0.0.1:0, require_keys: true }\nmigrations:
  - name: shop
    listen: 127.0.0.1:0
    control: { url: "http://127.0.0.1:9" }
    candidate: { url: "http://127.0.0.1:9" }\n`);
  const made = execFileSync(pages.binary, ["keys", "create", "tester", "--allow", "read", "-c", config], { encoding: "utf8" });
  const key = /understudy_\w+/.exec(made)?.[0];
  const child = spawn(pages.binary, ["serve", "-c", config], { stdio: ["ignore", "ignore", "pipe"] });
  try {
    let said = "";
    for await (const text of child.stderr) {
      said += text;
      const port = /admin on [\d.]+:(\d+)/.exec(said)?.[1];
      if (port) { await run(new Pages({ admin: Number(port) }, pages.browser, pages.axe), key); break; }
    }
  } finally {
    child.kill("SIGKILL");
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

export const cases = [
  ["the page asks for a key, says why, and refuses a wrong one", async (pages) => withLockedServer(pages, async (locked, key) => {
    assert.ok(key, "a key was made");
    const context = await locked.browser.newContext();
    try {
      const page = await context.newPage();
      await page.goto(`${locked.base}/ui/migrations/shop`);
      await page.waitForSelector("dialog[open] >> text=This server needs a key");
      await locked.accessible(page, "the question for a key");
      await page.keyboard.press("Escape");
      await page.click("text=Enter a key");
      await page.fill("dialog input", "understudy_000000000000_wrong");
      await page.click("text=Use this key");
      await page.waitForSelector("dialog >> text=The key was not accepted");
      await page.fill("dialog input", key);
      await page.click("text=Use this key");
      await page.waitForSelector("h1 >> text=shop");
      await page.waitForSelector("text=of users get the candidate");
      await page.reload();
      await page.waitForSelector("text=of users get the candidate");
      assert.equal(await page.locator("dialog[open]").count(), 0, "the tab remembers it");
      await page.waitForSelector("text=No request has gone through yet");
      // It may read and not change: the server's words say what is missing.
      await page.click("text=Change the mode");
      await page.click("text=Compare all");
      await page.fill("input[placeholder='criteria hold at 10%']", "a try");
      await page.click("text=See what will happen");
      await page.click("text=Set this mode");
      await page.waitForSelector("dialog .problem >> text=operate");
      const other = await context.newPage();
      await other.goto(`${locked.base}/ui/flags`);
      await other.waitForSelector("dialog[open] >> text=This server needs a key");
    } finally {
      await context.close();
    }
  })],
];
