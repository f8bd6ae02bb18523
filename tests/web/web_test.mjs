// The web UI in a real browser before the real program with data in it.
//
//   node web_test.mjs BINARY DEPS [NAME]     NAME: only the cases whose names contain it
//
// Each *_cases.mjs beside this file exports `cases`: [name, async (pages) => ...] in the order in which
// they run. They share one server, so a case that changes something is the last of its file or changes
// it back.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { Pages } from "./browser.mjs";

const [binary, deps, only = ""] = process.argv.slice(2);
const here = path.dirname(fileURLToPath(import.meta.url));

async function seed(...options) {
  const child = spawn("python3", ["-B", path.join(here, "seed.py"), binary, ...options], { stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  for await (const text of child.stdout) {
    said += text;
    if (said.includes("\n")) return { child, ...JSON.parse(said) };
  }
  throw new Error("seed.py ended before there was data");
}

const server = await seed("--phase-seconds", "2");
const pages = await Pages.start(server, deps);
pages.binary = path.resolve(binary);
test.after(async () => {
  await pages.browser.close();
  server.child.stdin.end();
  await new Promise((done) => server.child.once("exit", done));
});

const files = fs.readdirSync(here).filter((file) => file.endsWith("_cases.mjs")).sort();
for (const file of files) {
  const { cases } = await import(`./${file}`);
  for (const [name, run] of cases) {
    if (!`${file} ${name}`.includes(only)) continue;
    test(`${file.replace("_cases.mjs", "")}: ${name}`, async () => {
      try { await run(pages); } finally { await pages.closeAll(); }
    });
  }
}
