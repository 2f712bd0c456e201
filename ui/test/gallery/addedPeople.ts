import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import sharp from "sharp";
import { expect, it } from "vitest";
import { accessibilityFaults, photo, screenshot } from "../browser";
import { KEY, PATIENCE, composite, consentTo, main, type GalleryPage } from "./galleryPage";

/** What becomes of a person who is to be added, with photos or with a face of a job. */
export function testAddedPeople({
  fill,
  inFolder,
  people,
  statistics,
  url,
  visitWithKey,
  visitWithoutKey,
}: GalleryPage): void {
  it("adds nobody without a name, a photo and consent, and says which is missing", async () => {
    const page = await visitWithKey("/gallery/add");
    const add = page.getByRole("button", { name: "Add to gallery" });
    await add.click();
    expect(await main(page).innerText()).toContain("Enter the person's name");
    expect(await main(page).innerText()).toContain("Choose at least one photo.");
    expect(await main(page).innerText()).toContain("Nobody is added without their consent.");
    // The first that is missing has the focus.
    await page.keyboard.type("Ada");
    expect(await page.getByLabel("Name").inputValue()).toBe("Ada");
    await page.setInputFiles("input[type=file]", photo("portrait-1"));
    await page.getByRole("textbox", { name: /Who agreed/ }).fill("Ada herself");
    await add.click();
    expect(await page.getByRole("checkbox").evaluate((box) => box === document.activeElement)).toBe(true);
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await statistics()).toMatchObject({ faces: 0 });
  });

  it("asks for the key once, says when it is wrong, and follows each photo to its end", async () => {
    const page = await visitWithoutKey("/gallery/add");
    await writeFile(inFolder("notes.txt"), "not a photo");
    await page.getByLabel("Name").fill("Ada");
    await page.setInputFiles("input[type=file]", [
      photo("nobody"),
      composite(1),
      inFolder("notes.txt"),
      composite(2),
    ]);
    await consentTo(page, "a composite: nobody had to agree");
    await page.getByRole("button", { name: "Add to gallery" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("API key").fill("another key");
    await dialog.getByRole("button", { name: "Continue" }).click();
    await dialog.getByText("That key didn't work.").waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await screenshot(page, "gallery-key");
    await dialog.getByLabel("API key").fill(KEY);
    await page.keyboard.press("Enter");
    await page.getByText("Ada has 2 new faces in the gallery.").waitFor();
    const photos = page.getByRole("list", { name: "Photos" }).getByRole("listitem");
    const words = await photos.allInnerTexts();
    expect(words[0]).toContain("There's no face in this photo. Use one that shows the face clearly.");
    expect(words[1]).toContain("In the gallery");
    expect(words[2]).toContain("Can't open notes.txt.");
    await screenshot(page, "gallery-added", { fullPage: true });
    await page.getByRole("link", { name: "See them" }).click();
    await expect
      .poll(() => page.getByRole("list", { name: "Faces" }).getByRole("listitem").count(), PATIENCE)
      .toBe(2);
    // It is not asked for again.
    await page.getByRole("button", { name: "Delete face 1" }).click();
    await page.getByRole("button", { name: "Delete this face" }).click();
    await main(page).getByText("Deleted for good: 1 face with its numbers, 1 portrait.").waitFor();
    expect(await page.evaluate(() => sessionStorage.getItem("apiKey"))).toBe(KEY);
  });

  it("warns of a face that is small or blurred, which is added all the same", async () => {
    const blurred = inFolder("blurred.jpg");
    await sharp(photo("portrait-1")).resize(110).blur(1.2).toFile(blurred);
    const page = await visitWithKey("/gallery/add");
    await page.getByLabel("Name").fill("Ada");
    await page.setInputFiles("input[type=file]", [photo("portrait-1"), blurred]);
    await consentTo(page, "a composite: nobody had to agree");
    await page.getByRole("button", { name: "Add to gallery" }).click();
    await page.getByText("Ada has 2 new faces in the gallery.").waitFor();
    const words = await page.getByRole("list", { name: "Photos" }).getByRole("listitem").allInnerTexts();
    expect(words[0]).not.toContain("small or blurred");
    expect(words[1]).toContain("In the gallery It's small or blurred");
    await screenshot(page, "gallery-warned");
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  it("says what is wrong with a name or a consent before anything is sent", async () => {
    const page = await visitWithKey("/gallery/add");
    await page.getByLabel("Name").fill("\u202eadA");
    await page.setInputFiles("input[type=file]", photo("portrait-1"));
    await consentTo(page, "herself\u0007");
    await page.getByRole("button", { name: "Add to gallery" }).click();
    await page.getByText("none that controls a terminal or the direction of text").waitFor();
    await page.getByText("no control characters but line ends and tabs").waitFor();
    expect(await page.getByLabel("Name").getAttribute("aria-invalid")).toBe("true");
    await page.getByLabel("Name").fill("Ada");
    await page.getByRole("textbox", { name: /Who agreed/ }).fill("herself,\nby e-mail");
    await page.getByRole("button", { name: "Add to gallery" }).click();
    await page.getByRole("link", { name: "See them" }).click();
    await page.getByText(/herself,\s+by e-mail/).waitFor();
  });

  it("adds a face of a finished job, also to somebody who is there", async () => {
    const reply = await fetch(`${url()}/v1/jobs?stages=embed`, {
      method: "POST",
      headers: { prefer: "wait=30" },
      body: await readFile(photo("group-4")),
    });
    const { jobId } = (await reply.json()) as { jobId: string };
    const page = await visitWithKey(`/gallery?job=${jobId}&face=2`);
    await page.getByLabel("Name").fill("Grace");
    await consentTo(page, "a composite");
    await page.getByRole("button", { name: "Add to gallery" }).click();
    await page.getByText("Grace has 1 new face in the gallery.").waitFor();

    await page.goto(`${url()}/gallery?job=${jobId}&face=1`);
    await page.getByLabel("Name").fill("grace");
    await page.getByRole("link", { name: "add the face to them" }).click();
    await page.getByRole("heading", { name: "Add faces of Grace" }).waitFor();
    await page.getByRole("checkbox").check();
    await page.getByRole("button", { name: "Add to gallery" }).click();
    await page.getByText("Grace has 1 new face in the gallery.").waitFor();
    expect(await statistics()).toMatchObject({ identities: 1, faces: 2 });
  });

  it("asks which face of a photo with several is meant, and adds that one", async () => {
    const page = await visitWithKey("/gallery/add");
    await page.getByLabel("Name").fill("Mary");
    await page.setInputFiles("input[type=file]", photo("group-4"));
    await consentTo(page, "a composite");
    await page.getByRole("button", { name: "Add to gallery" }).click();
    await main(page).getByText("There are several faces in this photo.").waitFor();
    const faces = page.getByRole("group", { name: "Which face is it?" }).getByRole("button");
    expect(await faces.count()).toBe(4);
    await screenshot(page, "gallery-several-faces");
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await statistics()).toMatchObject({ faces: 0 });
    await faces.nth(2).click();
    await page.getByRole("button", { name: "Add to gallery" }).click();
    await page.getByText("Mary has 1 new face in the gallery.").waitFor();
    const photoDigest = createHash("sha256")
      .update(await readFile(photo("group-4")))
      .digest("base64url");
    const stored = { source: "group-4.jpg", photoDigest };
    expect(await people()).toMatchObject({ identities: [{ faces: [stored] }] });
  });

  it("adds somebody of a name that is there where it is said to be somebody else", async () => {
    await fill(["Ada"]);
    const page = await visitWithKey("/gallery/add");
    await page.getByLabel("Name").fill("ada");
    await page.getByText("is already in the gallery").waitFor();
    await page.setInputFiles("input[type=file]", composite(1));
    await page.getByRole("textbox", { name: /Who agreed/ }).fill("a composite");
    await page.getByLabel(/^This person agreed/).check();
    await page.getByRole("button", { name: "Add to gallery" }).click();
    await main(page).getByText("Somebody with this name is already in the gallery.").waitFor();
    await page.getByLabel("This is somebody else with the same name").check();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole("button", { name: "Add to gallery" }).click();
    await page.getByText("ada has 1 new face in the gallery.").waitFor();
    expect(await statistics()).toMatchObject({ identities: 2 });
  });

  it("says so where the job is gone", async () => {
    const page = await visitWithKey(`/gallery?job=${"0".repeat(36)}&face=0`);
    await page.getByLabel("Name").fill("Grace");
    await consentTo(page, "a composite");
    await page.getByRole("button", { name: "Add to gallery" }).click();
    await main(page)
      .getByText(/The answers have been deleted|That photo isn't here\./)
      .waitFor();
  });
}
