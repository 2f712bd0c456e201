import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { embeddingToBytes } from "@similarfaces/contracts";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestMesh, type TestMesh } from "../../services/mesh/test/mesh.js";
import {
  CHROMIUM,
  PHONE,
  accessibilityFaults,
  openBrowser,
  photo,
  screenshot,
  visit,
  type Visit,
} from "./browser";

/** Of a poll; Vitest takes one second if not told. */
const PATIENCE = { timeout: 20_000 } as const;
const KEY = "the key of this test";
const composite = (number: number) =>
  fileURLToPath(new URL(`../../models/samples/gallery/composite-00${number}.jpg`, import.meta.url));

interface Statistics {
  identities: number;
  faces: number;
  model: string;
}

/** The gallery page on a whole mesh with an API key. */
describe.skipIf(!CHROMIUM)("the Gallery page (needs Chromium: CHROMIUM)", () => {
  let mesh: TestMesh;
  let browser: Browser;
  let folder: string;
  let open: Visit;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "similarfaces-people-"));
    mesh = await startTestMesh({ env: { API_KEY: KEY } });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await mesh?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => emptyGallery());
  afterEach(async () => {
    expect(open?.problems ?? []).toEqual([]);
    await open?.page.context().close();
  });

  const api = async <T>(method: string, path: string, body?: BodyInit): Promise<T> => {
    const reply = await fetch(`${mesh.url}/v1/gallery${path}`, {
      method,
      headers: { authorization: `Bearer ${KEY}` },
      ...(body === undefined ? {} : { body }),
    });
    if (!reply.ok) throw new Error(await reply.text());
    return (await reply.json()) as T;
  };
  const statistics = () => api<Statistics>("GET", "/statistics");
  const people = () =>
    api<{ identities: { id: string; name: string; faces: unknown[] }[] }>("GET", "/identities?pageSize=200");
  async function emptyGallery() {
    for (const { id } of (await people()).identities) await api("DELETE", `/identities/${id}`);
  }
  /** People with random embeddings and no portraits, by the import of the API. */
  const fill = async (names: readonly string[], facesEach = 1) => {
    const { model } = await statistics();
    const lines = names.flatMap((name, person) =>
      Array.from({ length: facesEach }, (_, at) => {
        const vector = Float32Array.from({ length: 512 }, () => Math.random() - 0.5);
        const length = Math.hypot(...vector);
        return JSON.stringify({
          identityId: `person-${person}`,
          name,
          consent: "nobody: made by a test",
          face: { id: `face-${person}-${at}`, model, createdAtMs: 1, sourceJobId: "", source: `${at}.jpg` },
          embedding: Buffer.from(embeddingToBytes(vector.map((value) => value / length))).toString("base64"),
        });
      }),
    );
    await api("POST", "/import", lines.join("\n"));
  };
  /** A visit of somebody who has the key. */
  const visitWithKey = async (address: string, options: Parameters<typeof visit>[2] = {}): Promise<Page> => {
    open = await visit(browser, `${mesh.url}/healthz`, options);
    await open.page.evaluate((key) => sessionStorage.setItem("apiKey", key), KEY);
    await open.page.goto(mesh.url + address);
    return open.page;
  };
  const consentTo = async (page: Page, words: string) => {
    await page.getByRole("textbox", { name: /Who agreed/ }).fill(words);
    await page.getByRole("checkbox").check();
  };
  const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent ?? "");
  const main = (page: Page) => page.locator("#main");

  it("says what to do while nobody is in it", async () => {
    const page = await visitWithKey("/gallery");
    await page.getByRole("heading", { name: "Nobody is in the gallery yet" }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await screenshot(page, "gallery-empty");
  });

  it("adds nobody without a name, a photo and consent, and says which is missing", async () => {
    const page = await visitWithKey("/gallery/add");
    const add = page.getByRole("button", { name: "Add to gallery" });
    await add.click();
    expect(await main(page).innerText()).toContain("Write the person's name");
    expect(await main(page).innerText()).toContain("Choose at least one photo.");
    expect(await main(page).innerText()).toContain("Without consent nobody is added.");
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
    open = await visit(browser, `${mesh.url}/gallery/add`);
    const { page } = open;
    await writeFile(join(folder, "notes.txt"), "not a photo");
    await page.getByLabel("Name").fill("Ada");
    await page.setInputFiles("input[type=file]", [
      photo("nobody"),
      composite(1),
      join(folder, "notes.txt"),
      composite(2),
    ]);
    await consentTo(page, "a composite: nobody had to agree");
    await page.getByRole("button", { name: "Add to gallery" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("API key").fill("another key");
    await dialog.getByRole("button", { name: "Continue" }).click();
    await dialog.getByText("The server did not accept that key.").waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await screenshot(page, "gallery-key");
    await dialog.getByLabel("API key").fill(KEY);
    await page.keyboard.press("Enter");
    await page.getByText("Ada has 2 new faces in the gallery.").waitFor();
    const photos = page.getByRole("list", { name: "Photos" }).getByRole("listitem");
    const words = await photos.allInnerTexts();
    expect(words[0]).toContain("No face was found. Use a photo that shows one clearly.");
    expect(words[1]).toContain("In the gallery");
    expect(words[2]).toContain("notes.txt is not a photo that can be read.");
    await screenshot(page, "gallery-added", { fullPage: true });
    await page.getByRole("link", { name: "See them" }).click();
    await expect
      .poll(() => page.getByRole("list", { name: "Faces" }).getByRole("listitem").count(), PATIENCE)
      .toBe(2);
    // It is not asked for again.
    await page.getByRole("button", { name: "Delete face 1" }).click();
    await page.getByRole("button", { name: "Delete this face" }).click();
    await main(page).getByText("Removed for good: 1 face with its numbers, 1 portrait.").waitFor();
    expect(await page.evaluate(() => sessionStorage.getItem("apiKey"))).toBe(KEY);
  });

  it("warns of a face that is small or blurred, which is added all the same", async () => {
    const blurred = join(folder, "blurred.jpg");
    await sharp(photo("portrait-1")).resize(110).blur(1.2).toFile(blurred);
    const page = await visitWithKey("/gallery/add");
    await page.getByLabel("Name").fill("Ada");
    await page.setInputFiles("input[type=file]", [photo("portrait-1"), blurred]);
    await consentTo(page, "a composite: nobody had to agree");
    await page.getByRole("button", { name: "Add to gallery" }).click();
    await page.getByText("Ada has 2 new faces in the gallery.").waitFor();
    const words = await page.getByRole("list", { name: "Photos" }).getByRole("listitem").allInnerTexts();
    expect(words[0]).not.toContain("small or blurred");
    expect(words[1]).toContain("In the gallery It is small or blurred here");
    await screenshot(page, "gallery-warned");
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  it("tells who has no key that nothing was changed", async () => {
    await fill(["Ada"]);
    open = await visit(browser, `${mesh.url}/gallery/person-0`);
    const { page } = open;
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByRole("button", { name: "Delete this person" }).click();
    await page.getByRole("textbox", { name: "API key" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("Changing the gallery takes the API key.").waitFor();
    expect(await statistics()).toMatchObject({ identities: 1 });
  });

  it("shows consent and where photos are from to those with the key alone", async () => {
    await fill(["Ada"]);
    open = await visit(browser, `${mesh.url}/gallery/person-0`);
    const { page } = open;
    const show = page.getByRole("button", { name: "Show it" });
    await show.click();
    expect(await main(page).innerText()).not.toMatch(/made by a test|0\.jpg/);
    await page.getByRole("textbox", { name: "API key" }).fill(KEY);
    await page.keyboard.press("Enter");
    await page.getByText("nobody: made by a test").waitFor();
    await page.getByText("0.jpg").waitFor();
    await show.waitFor({ state: "detached" });
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
    const reply = await fetch(`${mesh.url}/v1/jobs?stages=embed`, {
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

    await page.goto(`${mesh.url}/gallery?job=${jobId}&face=1`);
    await page.getByLabel("Name").fill("grace");
    await page.getByRole("link", { name: "add the face to them" }).click();
    await page.getByRole("heading", { name: "Add faces of Grace" }).waitFor();
    await page.getByRole("checkbox").check();
    await page.getByRole("button", { name: "Add to gallery" }).click();
    await page.getByText("Grace has 1 new face in the gallery.").waitFor();
    expect(await statistics()).toMatchObject({ identities: 1, faces: 2 });
  });

  it("says so where the job is gone", async () => {
    const page = await visitWithKey(`/gallery?job=${"0".repeat(36)}&face=0`);
    await page.getByLabel("Name").fill("Grace");
    await consentTo(page, "a composite");
    await page.getByRole("button", { name: "Add to gallery" }).click();
    await main(page)
      .getByText(/The analysis has expired\.|There is no such analysis\./)
      .waitFor();
  });

  it("renames, merges and deletes, each with what was done", async () => {
    await fill(["Ada", "Bob"], 2);
    const page = await visitWithKey("/gallery/person-0");
    await page.getByRole("button", { name: "Rename" }).click();
    await page.keyboard.type("Ada Lovelace");
    await page.keyboard.press("Enter");
    await main(page).getByText("Ada is Ada Lovelace now.").waitFor();
    await page.getByRole("heading", { level: 1, name: "Ada Lovelace" }).waitFor();

    await page.getByRole("button", { name: "Merge" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("searchbox").fill("bo");
    await dialog.getByLabel(/^Bob/).check();
    expect(await dialog.innerText()).toContain("The entry Ada Lovelace is gone afterwards.");
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
    await page.goto(`${mesh.url}/gallery/person-1`);
    await page.getByText("This person is not in the gallery (any more).").waitFor();
  });

  it("imports a folder, says what was refused and why, and passes over what is in", async () => {
    const root = join(folder, "everybody");
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
    expect(await main(page).innerText()).toContain("1 other file is passed over: everybody/list.csv");
    await page.getByRole("button", { name: "Import 7 photos" }).click();
    await page.getByText("Without consent nobody is added.").waitFor();
    await consentTo(page, "composites");
    await page.getByRole("button", { name: "Import 7 photos" }).click();
    await page.getByText("Finished").waitFor();
    const counts = page.locator(".import-counts");
    expect(await counts.innerText()).toMatch(/faces added\s+4[^]*already in\s+0\s+refused\s+3/);
    const refused = page.getByRole("region", { name: "Refused, and why" });
    expect(await refused.innerText()).toContain("everybody/Bob/cut.jpg");
    expect(await refused.innerText()).toContain("The file is damaged.");
    expect(await refused.innerText()).toContain("No face was found.");
    expect(await refused.innerText()).toContain("empty.png is empty (0 bytes).");
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
    expect(await counts.innerText()).toMatch(/faces added\s+0[^]*already in\s+4\s+refused\s+3/);
  });

  it("exports everybody, and takes the file again", async () => {
    await fill(["Ada", "Bob"], 3);
    const page = await visitWithKey("/gallery");
    await page.getByRole("button", { name: "Export" }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download" }).click(),
    ]);
    const file = join(folder, "gallery.ndjson");
    await download.saveAs(file);
    await emptyGallery();
    await page.goto(`${mesh.url}/gallery/import`);
    await page.setInputFiles("#import-file", file);
    await page.getByRole("button", { name: "Import the faces" }).click();
    await page.getByText("6 new faces of 2 new people").waitFor();
    expect(await statistics()).toMatchObject({ identities: 2, faces: 6 });
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
    await page.getByText("Nobody's name has “nobody of that name” in it.").waitFor();
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
      await page.goto(mesh.url + address);
      await page.getByRole("heading", { level: 1 }).waitFor();
      expect(await fits(), address).toBe(390);
      expect(await accessibilityFaults(page), address).toEqual([]);
    }
  });
});

/** A photo whose end is missing, as of a download that broke. */
async function cutShort(from: string, to: string, bytes: number): Promise<void> {
  await writeFile(to, (await readFile(from)).subarray(0, bytes));
}
