import assert from "node:assert/strict";
import { phone } from "./browser.mjs";

const panels = [
  { type: "text", text: "## What to watch\n\n**Errors** come first. <img src=x onerror=alert(1)> [a page](/ui/errors) [a trap](javascript:alert(1))" },
  { type: "query", title: "By mode", dataset: "evaluations", view: "line", query: { breakdowns: ["evaluation.mode"], calculations: [{ op: "COUNT" }] } },
  { type: "query", title: "Differences", dataset: "differences", view: "table", query: { breakdowns: ["difference.explanation"] } },
  { type: "query", title: "Spread", dataset: "evaluations", view: "heatmap", query: { calculations: [{ op: "HEATMAP", column: "duration_ms" }] } },
];
const made = async (pages, name) => { const board = await pages.api("/api/boards", { name, panels }); assert.equal(board.status, 201, board.error); return board.id; };
const titles = (page) => page.locator(".slot-title").allInnerTexts();
const saved = async (pages, id) => (await pages.api(`/api/boards/${id}`)).panels.map((one) => one.title ?? one.type);

export const cases = [
  ["the story of a migration is one click away and has its charts", async (pages) => {
    const page = await pages.open("/ui/boards");
    await page.click(`text=Migration story of ${pages.server.migration}`);
    await page.waitForURL(/\/ui\/boards\/.+/);
    await page.waitForSelector(".board");
    await pages.settled(page);
    assert.equal(await page.locator(".board .u-wrap").count(), 5);
    assert.match(await page.innerText(".board"), /time_unit/);
    assert.match(await page.innerText(".board"), /unexplained/);
    assert.doesNotMatch(await page.innerText(".board"), /\bnone\b/);
    assert.match(await page.innerText(".board"), /Not ready|Too early to say|Ready/);
    await pages.accessible(page, "a board");
    assert.deepEqual(page.problems, []);
    const small = await pages.open(new URL(page.url()).pathname, { viewport: phone, colorScheme: "dark" });
    await pages.fits(small, "a board on a phone");
    await pages.accessible(small, "a board on a phone in dark");
    await small.getByRole("button", { name: "Edit", exact: true }).click();
    await small.waitForSelector(".board-slot");
    await pages.settled(small);
    await pages.fits(small, "a board that is edited on a phone");
  }],
  ["text is never HTML, and a link leads only to pages", async (pages) => {
    const page = await pages.open(`/ui/boards/${await made(pages, "Text")}`);
    const text = page.locator(".board-text");
    assert.match(await text.innerText(), /<img src=x onerror=alert\(1\)>/);
    assert.equal(await text.locator("img").count(), 0);
    assert.deepEqual(await text.locator("a").evaluateAll((links) => links.map((one) => one.getAttribute("href"))), ["/ui/errors"]);
    assert.equal(await text.locator("strong").innerText(), "Errors");
    assert.deepEqual(page.problems, []);
  }],
  ["panels move by keyboard and by dragging, and only saving changes the board", async (pages) => {
    const id = await made(pages, "Order");
    const page = await pages.open(`/ui/boards/${id}`);
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await page.getByRole("button", { name: /^Move Differences/ }).focus();
    await page.keyboard.press("ArrowUp");
    assert.deepEqual(await titles(page), ["What to watch", "Differences", "By mode", "Spread"]);
    await pages.settled(page);
    const handle = page.getByRole("button", { name: /^Move Spread/ });
    await handle.scrollIntoViewIfNeeded();
    const from = await handle.boundingBox(), to = await page.locator("[data-panel-at='1'] .slot-head").boundingBox();
    await page.mouse.move(from.x + 5, from.y + 5);
    await page.mouse.down();
    await page.mouse.move(to.x + 90, to.y + 90, { steps: 6 });
    await page.mouse.up();
    assert.notEqual((await titles(page))[3], "Spread");
    const wanted = await titles(page);
    assert.deepEqual(await saved(pages, id), ["text", "By mode", "Differences", "Spread"]);
    await pages.accessible(page, "a board while it is edited");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.waitForSelector("text=Version 2");
    assert.deepEqual(await saved(pages, id), wanted.map((one) => (one === "What to watch" ? "text" : one)));
  }],
  ["a question of Explore is put on a board, also when the board changes meanwhile", async (pages) => {
    const id = await made(pages, "Collected");
    const page = await pages.open("/ui/explore/evaluations");
    await page.click("text=Add to board");
    await page.locator("dialog select").selectOption({ label: "Collected" });
    await page.getByLabel("Title of the panel").fill("From Explore");
    assert.equal((await pages.api(`/api/boards/${id}?by=bob`, { name: "Collected", panels: panels.slice(0, 2) }, "PUT")).status, 200);
    await page.getByRole("button", { name: "Add it" }).click();
    await page.waitForSelector("text=It is on the board");
    assert.deepEqual(await saved(pages, id), ["text", "By mode", "From Explore"]);
    await page.click("dialog a >> text=Collected");
    await page.waitForSelector("h2 >> text=From Explore");
  }],
  ["an edit survives a look at another page", async (pages) => {
    const page = await pages.open(`/ui/boards/${await made(pages, "Draft")}`);
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await page.getByLabel("Name").fill("Draft, renamed");
    await page.getByRole("button", { name: "Remove Spread" }).click();
    await page.click("text=← All boards");
    await page.waitForSelector("h1 >> text=Boards");
    await page.goBack();
    await page.waitForSelector("h1 >> text=Edit Draft");
    assert.equal(await page.getByLabel("Name").inputValue(), "Draft, renamed");
    assert.equal((await titles(page)).length, 3);
    await page.click("text=Discard");
    await page.waitForSelector("h1 >> text=Draft");
  }],
  ["two who edit at once: who is second sees both and chooses", async (pages) => {
    const id = await made(pages, "Contested");
    const page = await pages.open(`/ui/boards/${id}`);
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await page.getByRole("button", { name: "Remove Spread" }).click();
    assert.equal((await pages.api(`/api/boards/${id}?by=bob`, { name: "Contested", panels: panels.slice(1) }, "PUT")).status, 200);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    const dialog = page.locator("dialog[open]");
    await dialog.waitFor();
    const text = await dialog.innerText();
    assert.match(text, /version 2, by bob/);
    assert.match(text, /Only in theirs\s+the panel “Spread”/);
    assert.match(text, /Only in yours\s+the panel “What to watch”/);
    assert.deepEqual(await saved(pages, id), ["By mode", "Differences", "Spread"], "nothing is overwritten unasked");
    await page.click("text=Save mine over it");
    await page.waitForSelector("text=Version 3");
    assert.deepEqual(await saved(pages, id), ["text", "By mode", "Differences"]);
  }],
  ["a question that is refused is shown as such, and the others stay", async (pages) => {
    const id = await made(pages, "Broken");
    const page = await pages.open(`/ui/boards/${id}`, { prepare: (opened) => opened.route("**/api/query*", async (route) => {
      if (route.request().postData().includes("difference.explanation")) await route.fulfill({ status: 503, contentType: "application/json", body: '{"error":"the store is busy; ask again in 5 s"}' });
      else await route.continue();
    }) });
    await page.waitForSelector("text=the store is busy");
    assert.ok(await page.locator(".board .u-wrap").count() >= 1);
  }],
  ["a panel whose dataset nobody has written to is empty, not broken", async (pages) => {
    const board = await pages.api("/api/boards", { name: "Early", panels: [{ type: "query", title: "Noise", dataset: "noise", view: "line", query: { breakdowns: ["http.route"] } }] });
    const page = await pages.open(`/ui/boards/${board.id}`);
    assert.match(await page.innerText(".board"), /Nothing in this time/);
  }],
  ["a board is deleted after it was asked", async (pages) => {
    const id = await made(pages, "Gone");
    const page = await pages.open(`/ui/boards/${id}`);
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.click("text=Delete it");
    await page.waitForSelector("h1 >> text=Boards");
    assert.equal((await pages.api(`/api/boards/${id}`)).status, 404);
  }],
];
