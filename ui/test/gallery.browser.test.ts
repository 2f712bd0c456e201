import { describe, expect, it } from "vitest";
import { OLD_MODEL } from "../../services/mesh/test/oldFaces.js";
import { CHROMIUM, PHONE, accessibilityFaults, screenshot } from "./browser";
import { testAddedPeople } from "./gallery/addedPeople";
import { KEY, PATIENCE, focused, main, openGalleryPage } from "./gallery/galleryPage";
import { testImportedFolders } from "./gallery/importedFolders";

/** The gallery page on a whole mesh with an API key. */
describe.skipIf(!CHROMIUM)("the Gallery page (needs Chromium: CHROMIUM)", () => {
  /** One mesh and one browser for every suite. */
  const gallery = openGalleryPage();
  const { fill, fillOld, people, statistics, url, visitWithKey, visitWithoutKey } = gallery;

  it("says what to do while nobody is in it", async () => {
    const page = await visitWithKey("/gallery");
    await page.getByRole("heading", { name: "Nobody is in the gallery yet" }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await screenshot(page, "gallery-empty");
  });

  it("tells who has no key that nothing was changed", async () => {
    await fill(["Ada"]);
    const page = await visitWithoutKey("/gallery/person-0");
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByRole("button", { name: "Delete this person" }).click();
    await page.getByRole("textbox", { name: "API key" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("You need the API key to change the gallery.").waitFor();
    expect(await statistics()).toMatchObject({ identities: 1 });
  });

  it("shows consent and where photos are from to those with the key alone", async () => {
    await fill(["Ada"]);
    const page = await visitWithoutKey("/gallery/person-0");
    const show = page.getByRole("button", { name: "Show it" });
    await show.click();
    expect(await main(page).innerText()).not.toMatch(/made by a test|0\.jpg/);
    await page.getByRole("textbox", { name: "API key" }).fill(KEY);
    await page.keyboard.press("Enter");
    await page.getByText("nobody: made by a test").waitFor();
    await page.getByText("0.jpg").waitFor();
    await show.waitFor({ state: "detached" });
  });

  it("says how many faces no search finds, whose they are, and what makes them anew", async () => {
    await fillOld(["Ada", "Bob"], 2);
    const page = await visitWithKey("/gallery");
    await page.getByText("4 faces are left out of every comparison: they come from another model.").waitFor();
    await page.getByText(`4 by ${OLD_MODEL}.`).waitFor();
    await page.getByText("npm run gallery -- re-enrol").waitFor();
    await screenshot(page, "gallery-not-searched");
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole("link", { name: /Ada/ }).click();
    await page
      .getByText(`This comes from another model (${OLD_MODEL}), so it is left out of every comparison.`)
      .first()
      .waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  it("renames, merges and deletes, each with what was done", async () => {
    await fill(["Ada", "Bob"], 2);
    const page = await visitWithKey("/gallery/person-0");
    await page.getByRole("button", { name: "Rename" }).click();
    await page.keyboard.type("Ada Lovelace");
    await page.keyboard.press("Enter");
    await main(page).getByText("Ada is now called Ada Lovelace.").waitFor();
    await page.getByRole("heading", { level: 1, name: "Ada Lovelace" }).waitFor();

    await page.getByRole("button", { name: "Merge" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("searchbox").fill("bo");
    await dialog.getByLabel(/^Bob/).check();
    expect(await dialog.innerText()).toContain("After that, Ada Lovelace is gone from the gallery.");
    expect(await accessibilityFaults(page)).toEqual([]);
    await screenshot(page, "gallery-merge");
    await dialog.getByRole("button", { name: "Merge" }).click();
    await page.getByRole("heading", { level: 1, name: "Bob" }).waitFor();
    await main(page).getByText("Bob has 4 faces.").waitFor();
    expect((await people()).identities.map(({ name }) => name)).toEqual(["Bob"]);

    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByRole("button", { name: "Keep" }).click();
    expect(await focused(page)).toBe("Delete");
    expect(await statistics()).toMatchObject({ identities: 1 });
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByRole("button", { name: "Delete this person" }).click();
    await main(page).getByText("Bob was deleted.").waitFor();
    // The keyboard goes on in the page, not at the top of the document.
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
    expect(await main(page).innerText()).toContain("1 person, 4 faces with their numbers");
    expect(new URL(page.url()).pathname).toBe("/gallery");
    expect(await statistics()).toMatchObject({ identities: 0, faces: 0 });
    await page.goBack();
    await page.goto(`${url()}/gallery/person-1`);
    await page.getByText("This person isn't in the gallery.").waitFor();
  });

  it("pages through many, finds by name, and takes any name for text", async () => {
    const markup = '<img src=x onerror="alert(1)"><b>Bold</b>';
    const long = "Wolfeschlegelsteinhausenbergerdorff".repeat(5);
    const names = Array.from({ length: 110 }, (_, at) => `Person ${String(at).padStart(3, "0")}`);
    await fill([...names, markup, long]);
    const page = await visitWithKey("/gallery");
    await page.getByText("Page 1 of 3").waitFor();
    await page.getByText("112 people, 112 faces").waitFor();
    const cards = page.getByRole("list", { name: "People" }).getByRole("listitem");
    expect(await cards.first().innerText()).toContain(markup);
    await page.getByRole("link", { name: "Next" }).click();
    await page.getByText("Page 2 of 3").waitFor();
    await page.getByRole("link", { name: "Next" }).click();
    await page.getByText("Page 3 of 3").waitFor();
    await expect.poll(() => cards.count(), PATIENCE).toBe(112 - 2 * 48);
    await page.goBack();
    await page.getByText("Page 2 of 3").waitFor();
    await page.getByRole("link", { name: "Previous" }).click();
    await page.getByText("Page 1 of 3").waitFor();
    await page.getByRole("searchbox").fill("PERSON 10");
    await expect.poll(() => cards.count(), PATIENCE).toBe(10);
    await page.getByRole("searchbox").fill("nobody of that name");
    await page.getByText("There's nobody called “nobody of that name”.").waitFor();
    await page.getByRole("searchbox").fill("wolfe");
    await expect.poll(() => cards.count(), PATIENCE).toBe(1);
    await cards.first().getByRole("link").click();
    await page.getByRole("heading", { level: 1, name: long }).waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  });

  it.each(["light", "dark"] as const)("has no fault that axe finds, in %s", async (colorScheme) => {
    await fill(["Ada", "Bob"], 2);
    const page = await visitWithKey("/gallery", { colorScheme });
    await page.getByRole("link", { name: /^Ada/ }).waitFor();
    await screenshot(page, `gallery-${colorScheme}`);
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole("link", { name: /^Ada/ }).click();
    await page.getByRole("button", { name: "Delete face 2" }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole("button", { name: "Delete face 2" }).click();
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  it("fits a phone", async () => {
    await fill(Array.from({ length: 60 }, (_, at) => `Person ${at}`));
    const page = await visitWithKey("/gallery", PHONE);
    const fits = () => page.evaluate(() => document.documentElement.scrollWidth);
    await page.getByText("Page 1 of 2").waitFor();
    expect(await fits()).toBe(390);
    await screenshot(page, "gallery-phone");
    for (const address of ["/gallery/person-1", "/gallery/add", "/gallery/import"]) {
      await page.goto(url() + address);
      await page.getByRole("heading", { level: 1 }).waitFor();
      expect(await fits(), address).toBe(390);
      expect(await accessibilityFaults(page), address).toEqual([]);
    }
  });

  testAddedPeople(gallery);
  testImportedFolders(gallery);
});
