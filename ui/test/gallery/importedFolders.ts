import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { accessibilityFaults, photo, screenshot } from "../browser";
import { composite, consentTo, main, type GalleryPage } from "./galleryPage";

/** Many people at once, by a folder of photos or by what was exported. */
export function testImportedFolders({
  emptyGallery,
  fill,
  inFolder,
  people,
  statistics,
  url,
  visitWithKey,
}: GalleryPage): void {
  it("imports a folder, says what was refused and why, and passes over what is in", async () => {
    const root = inFolder("everybody");
    for (const name of ["Ada", "Bob"]) await mkdir(join(root, name), { recursive: true });
    await copyFile(composite(1), join(root, "Ada/1.jpg"));
    await copyFile(composite(2), join(root, "Ada/2.jpg"));
    await copyFile(composite(3), join(root, "Bob/1.jpg"));
    await copyFile(photo("nobody"), join(root, "Bob/nobody.jpg"));
    await cutShort(composite(4), join(root, "Bob/cut.jpg"), 3_000);
    await writeFile(join(root, "Bob/empty.png"), "");
    await writeFile(join(root, "list.csv"), "name,file");
    await copyFile(composite(5), join(root, "Carol.jpg"));

    const page = await visitWithKey("/gallery/import");
    await page.setInputFiles("#import-folder", root);
    await page.getByText("3 people, 7 photos").waitFor();
    await page.getByText("1 other file is left out").click();
    expect(await main(page).innerText()).toMatch(/everybody\/list\.csv\s+no photo by its name/);
    await page.getByRole("button", { name: "Import 7 photos" }).click();
    await page.getByText("Nobody is added without their consent.").waitFor();
    await consentTo(page, "composites");
    await page.getByRole("button", { name: "Import 7 photos" }).click();
    await page.getByText("Finished").waitFor();
    const counts = page.locator(".import-counts");
    expect(await counts.innerText()).toMatch(/faces added\s+4[^]*already there\s+0\s+not added\s+3/);
    const refused = page.getByRole("region", { name: "Not added, and why" });
    expect(await refused.innerText()).toContain("everybody/Bob/cut.jpg");
    expect(await refused.innerText()).toContain("The file is damaged.");
    expect(await refused.innerText()).toContain("There's no face in this photo.");
    expect(await refused.innerText()).toContain("empty.png is empty.");
    expect(await accessibilityFaults(page)).toEqual([]);
    await screenshot(page, "gallery-import", { fullPage: true });
    expect((await people()).identities.map(({ name, faces }) => [name, faces.length])).toEqual([
      ["Ada", 2],
      ["Bob", 1],
      ["Carol", 1],
    ]);

    await page.getByRole("button", { name: "Import another folder" }).click();
    await page.setInputFiles("#import-folder", root);
    await consentTo(page, "composites");
    await page.getByRole("button", { name: "Import 7 photos" }).click();
    await page.getByText("Finished").waitFor();
    expect(await counts.innerText()).toMatch(/faces added\s+0[^]*already there\s+4\s+not added\s+3/);

    // Known by their bytes: under another name the same, under a known one another, and as somebody else's a mistake.
    const other = inFolder("others");
    await mkdir(join(other, "Ada"), { recursive: true });
    await mkdir(join(other, "Dan"), { recursive: true });
    await copyFile(composite(1), join(other, "Ada/renamed.jpg"));
    await copyFile(composite(6), join(other, "Ada/1.jpg"));
    await copyFile(composite(3), join(other, "Dan/1.jpg"));
    await copyFile(composite(7), join(other, "DSC_0001.JPG"));
    await page.getByRole("button", { name: "Import another folder" }).click();
    await page.setInputFiles("#import-folder", other);
    await page.getByText("1 photo doesn't say who is in it").click();
    await page.getByText("others/DSC_0001.JPG").waitFor();
    await consentTo(page, "composites");
    await page.getByRole("button", { name: "Import 3 photos" }).click();
    await page.getByText("Finished").waitFor();
    expect(await counts.innerText()).toMatch(/faces added\s+1[^]*already there\s+1\s+not added\s+1/);
    expect(await refused.innerText()).toContain("The very same photo is Bob's in the gallery.");
  });

  it("of folders whose names differ in their capital letters is of one person", async () => {
    const root = inFolder("capitals");
    for (const [at, name] of ["Eve", "EVE"].entries()) {
      await mkdir(join(root, name), { recursive: true });
      await copyFile(composite(at + 1), join(root, name, "1.jpg"));
    }
    const page = await visitWithKey("/gallery/import");
    await page.setInputFiles("#import-folder", root);
    await consentTo(page, "composites");
    await page.getByRole("button", { name: "Import 2 photos" }).click();
    await page.getByText("Finished").waitFor();
    const counts = page.locator(".import-counts");
    expect(await counts.innerText()).toMatch(/faces added\s+2[^]*already there\s+0\s+not added\s+0/);
    expect(await statistics()).toMatchObject({ identities: 1, faces: 2 });
  });

  it("exports everybody, and takes the file again", async () => {
    await fill(["Ada", "Bob"], 3);
    const page = await visitWithKey("/gallery");
    await page.getByRole("button", { name: "Export" }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download" }).click(),
    ]);
    const file = inFolder("gallery.ndjson");
    await download.saveAs(file);
    await emptyGallery();
    await page.goto(`${url()}/gallery/import`);
    await page.setInputFiles("#import-file", file);
    await page.getByRole("button", { name: "Import the faces" }).click();
    await page.getByText("6 new faces of 2 new people").waitFor();
    expect(await statistics()).toMatchObject({ identities: 2, faces: 6 });
  });
}

/** A photo whose end is missing, as of a download that broke. */
async function cutShort(from: string, to: string, bytes: number): Promise<void> {
  await writeFile(to, (await readFile(from)).subarray(0, bytes));
}
