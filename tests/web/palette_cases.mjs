import assert from "node:assert/strict";

export const cases = [
  ["anything is a few letters away", async (pages) => {
    const page = await pages.open("/ui/markers");
    await page.keyboard.press("/");
    const input = page.getByRole("combobox", { name: "Page, dataset, flag, board or migration" });
    await input.fill("engine.mo");
    await page.waitForSelector("[role=option] >> text=data-engine.mode");
    await pages.accessible(page, "go to");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/ui/flags/data-engine.mode");
    await page.waitForSelector("dialog[open]", { state: "detached" });
    await page.keyboard.press("Control+k");
    await input.fill("differences");
    await page.waitForSelector("[role=option] >> text=dataset in Explore");
    await page.keyboard.press("ArrowDown");
    await input.fill("no such thing");
    await page.waitForSelector("text=Nothing has these letters");
    await page.keyboard.press("Enter");
    assert.equal(new URL(page.url()).pathname, "/ui/flags/data-engine.mode");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog[open]", { state: "detached" });
  }],
];
