import assert from "node:assert/strict";

export const cases = [
  ["Escape closes the suggestions first and the dialog after them", async (pages) => {
    const page = await pages.open("/ui/markers");
    await page.click("text=Add a marker");
    const field = page.locator("dialog input[aria-label=Type]");
    await field.fill("de");
    await page.waitForSelector("[role=option] >> text=deploy");
    await field.press("Escape");
    assert.equal(await page.locator("[role=option]").count(), 0);
    assert.equal(await page.locator("dialog[open]").count(), 1, "the dialog stays");
    await field.press("Escape");
    await page.waitForSelector("dialog[open]", { state: "detached" });
  }],
  ["markers of one type, on the axis and in the list", async (pages) => {
    const page = await pages.open("/ui/markers");
    await page.getByRole("button", { name: /^deploys/ }).click();
    await page.waitForURL(/type=deploy/);
    const rows = await page.locator("table.markers tbody tr").allInnerTexts();
    assert.ok(rows.length >= 2 && rows.every((text) => text.includes("deploy")), rows.join("\n"));
    await page.waitForFunction((wanted) => document.querySelectorAll(".marker-flag").length > 0 && document.querySelectorAll(".marker-flag").length <= wanted, rows.length);
  }],
  ["a marker is added and stands on other pages' charts", async (pages) => {
    const page = await pages.open("/ui/markers");
    await page.click("text=Add a marker");
    await page.getByRole("combobox", { name: "Type" }).fill("incident");
    await page.keyboard.press("Escape");
    await page.getByLabel("What happened").fill("disk of control full");
    assert.match(await page.innerText("dialog .advice"), /incident, disk of control full/);
    await pages.accessible(page, "the dialog of a marker");
    await page.getByRole("button", { name: "Add it" }).click();
    await page.waitForSelector("table.markers >> text=disk of control full");
    const { markers } = await pages.api("/api/markers?type=incident");
    assert.equal(markers[0].message, "disk of control full");
  }],
  ["a link that is none cannot be added", async (pages) => {
    const page = await pages.open("/ui/markers");
    await page.click("text=Add a marker");
    await page.getByLabel("Link (optional)").fill("javascript:alert(1)");
    await page.waitForSelector("text=A link begins with http");
    assert.ok(await page.isDisabled("dialog button[type=submit]"));
  }],
];
