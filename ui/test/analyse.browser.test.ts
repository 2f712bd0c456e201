import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestMesh, type TestMesh } from "../../services/mesh/test/mesh.js";
import { CHROMIUM, PHONE, accessibilityFaults, give, openBrowser, photo, screenshot, visit } from "./browser";
import { dragIn } from "./dragging";

const MIB = 2 ** 20;
const poll = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 60_000 });

/** What a person does, on the whole mesh with its models and the sample gallery. */
describe.skipIf(!CHROMIUM)("Analyse on a whole mesh (needs Chromium: CHROMIUM)", { timeout: 120_000 }, () => {
  let mesh: TestMesh;
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    mesh = await startTestMesh({ env: { SAMPLE_GALLERY: "true", JOB_DEADLINE_MS: "100000" } });
    browser = await openBrowser();
    folder = await badFiles();
    await mesh.printed("sample gallery is enrolled");
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await mesh?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const bad = (name: string) => join(folder, name);
  /** Two headline times: the job is complete. */
  const untilComplete = (page: Page) =>
    page.locator('.fall-figure[data-known="true"]').nth(1).waitFor({ timeout: 90_000 });
  const untilPictures = (page: Page) =>
    page.waitForFunction(() => document.querySelectorAll('.portrait[data-state="loading"]').length === 0);

  it("takes a dropped photo to the end: boxes, six answers per face, five portraits, two times", async () => {
    const { page, problems } = await visit(browser, mesh.url);
    await screenshot(page, "welcome");
    expect(await accessibilityFaults(page)).toEqual([]);
    await recordAppearances(page);
    await dragIn(page, [photo("group-4")], "over");
    await page.getByText("Drop to analyse").waitFor();
    await screenshot(page, "dragging");
    await dragIn(page, [photo("group-4")], "drop");
    await untilComplete(page);
    expect(page.url()).toMatch(/\/jobs\/[0-9a-z]{36}$/);
    expect(await page.locator("h1").innerText()).toBe("4 faces");
    expect(await page.locator(".box").count()).toBe(4);
    expect(await page.locator('.field[data-state="done"]').count()).toBe(4 * 6);
    expect(await page.locator(".similar-face").count()).toBe(4 * 5);
    await untilPictures(page);
    expect(await page.locator('.portrait[data-state="missing"]').count()).toBe(0);

    // What was seen first: the photo, then the boxes, then each field on its own.
    const seen = await appearances(page);
    expect(seen.slice(0, 2)).toEqual(["photo", "box"]);
    expect(seen.filter((what) => what.startsWith("0 ")).sort()).toEqual([
      "0 age",
      "0 emotion",
      "0 gender",
      "0 match",
      "0 quality",
      "0 race",
    ]);
    await screenshot(page, "complete-light");
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole("button", { name: "Dark theme" }).click();
    await screenshot(page, "complete-dark");
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole("button", { name: "Details of face 1" }).click();
    await screenshot(page, "details-dark");
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("makes the picture of the README: the reveal on its way", async () => {
    const size = { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1.5 };
    const { page } = await visit(browser, mesh.url, size);
    // A third of the answers; what comes after them waits until the picture is taken.
    await page.routeWebSocket(/\/v1\/live/, (socket) => {
      const server = socket.connectToServer();
      let messages = 0;
      socket.onMessage((message) => server.send(message));
      server.onMessage((message) => {
        if (isAboutAnalyzers(message) || messages++ < 34) socket.send(message);
      });
    });
    await page.reload();
    await give(page, photo("group-18"));
    await poll(() => page.locator('[data-face="0"] .field[data-state="done"]').count()).toBe(6);
    await page.waitForFunction(
      () => document.querySelectorAll('[data-face="0"] .portrait:not([data-state="shown"])').length === 0,
    );
    const file = fileURLToPath(new URL("../screenshots/reveal.jpg", import.meta.url));
    await page.screenshot({ path: file, type: "jpeg", quality: 82 });
    expect((await stat(file)).size).toBeLessThan(300_000);
    await page.context().close();
  });

  it("tells how many bytes are sent on a slow line", async () => {
    const { page } = await visit(browser, mesh.url);
    const client = await page.context().newCDPSession(page);
    const slow = { offline: false, latency: 20, downloadThroughput: -1, uploadThroughput: 60_000 };
    await client.send("Network.emulateNetworkConditions", slow);
    await give(page, photo("group-4"));
    await page.getByText(/^\d+ kB of 235 kB$/).waitFor();
    await page.locator(".photo > img").waitFor();
    await screenshot(page, "sending");
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.waitForURL(/\/jobs\//);
    await page.context().close();
  });

  it("loads less than 60 kB of script, nothing from elsewhere, and the examples only when asked", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const scripts: number[] = [];
    const all: string[] = [];
    let bytes = 0;
    page.on("requestfinished", async (request) => {
      const { responseBodySize } = await request.sizes();
      all.push(request.url());
      bytes += responseBodySize;
      if (request.resourceType() === "script") scripts.push(responseBodySize);
    });
    await page.goto(mesh.url, { waitUntil: "networkidle" });
    expect(all.filter((url) => !url.startsWith(mesh.url))).toEqual([]);
    const sum = scripts.reduce((total, size) => total + size, 0);
    console.log(`first load: ${sum} bytes of script in ${scripts.length} files, ${bytes} bytes in all`);
    expect(sum).toBeGreaterThan(0);
    expect(sum).toBeLessThan(60_000);
    expect(bytes).toBeLessThan(200_000);
    await context.close();
  });

  it("goes on by itself when the mesh is killed amid a job, in a tab that stayed and in one that came back", async () => {
    const { page } = await visit(browser, mesh.url);
    await give(page, photo("group-18"));
    await page.waitForURL(/\/jobs\//);
    mesh.kill("mesh");
    const other = await page.context().newPage();
    await other.goto(page.url()).catch(() => undefined);
    await untilComplete(page);
    expect(await page.locator('.field[data-state="done"]').count()).toBe(18 * 6);
    await other.goto(page.url());
    await untilComplete(other);
    expect(await other.locator('.field[data-state="done"]').count()).toBe(18 * 6);
    await page.context().close();
  });

  it("says what is wrong with a folder, a PDF, an empty file, a text and a damaged photo, and goes on", async () => {
    const { page, problems } = await visit(browser, mesh.url);
    await dragIn(page, [bad("holiday"), photo("portrait-2")], "drop");
    await page.getByText("holiday is a folder.").waitFor();
    await poll(() => page.locator("h1").innerText()).toBe("1 face");
    expect(await page.getByText("holiday is a folder.").count()).toBe(1);
    await screenshot(page, "refused-folder");
    for (const [file, sentence] of [
      ["letter.pdf", "letter.pdf is a PDF."],
      ["empty.jpg", "empty.jpg is empty (0 bytes)."],
      ["note.jpg", "note.jpg is not a photo that can be read."],
      ["phone.heic", "This is a HEIC photo, which this browser cannot open."],
      ["huge.jpg", "huge.jpg is too large (20.1 MiB)."],
      ["cut.jpg", "This photo could not be analysed."],
    ] as const) {
      await give(page, bad(file));
      await page.getByText(sentence).waitFor();
      if (file === "letter.pdf") {
        await screenshot(page, "refused-pdf");
        expect(await accessibilityFaults(page)).toEqual([]);
      }
    }
    await screenshot(page, "damaged");
    await give(page, photo("portrait-1"));
    await poll(() => page.locator("h1").innerText()).toBe("1 face");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("takes forty photos at once, a few under way at a time", async () => {
    const { page, problems } = await visit(browser, mesh.url);
    await give(page, ...Array.from({ length: 40 }, (_, at) => photo(`portrait-${(at % 3) + 1}`)));
    expect(await page.locator(".film-frame").count()).toBe(40);
    await page.locator('.film-frame[data-state="complete"]').first().waitFor();
    await screenshot(page, "forty");
    await poll(() => page.locator('.film-frame[data-state="complete"]').count()).toBe(40);
    await page.locator(".film-frame").last().click();
    await untilComplete(page);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("says so when there is no face, and copes with a crowd in 48 megapixels", async () => {
    const { page, problems } = await visit(browser, mesh.url);
    await give(page, photo("nobody"));
    await page.getByText("No face was found in this photo.").waitFor();
    await screenshot(page, "nobody");
    await give(page, photo("crowd-48mp"));
    await poll(() => page.locator(".box").count()).toBeGreaterThan(30);
    await untilComplete(page);
    await screenshot(page, "crowd-48mp");
    await page.keyboard.press("z");
    await poll(() => page.locator(".photo").getAttribute("data-zoomed")).toBe("true");
    await screenshot(page, "crowd-48mp-face");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("takes an example, a pasted picture, one dragged from a page, and the camera's", async () => {
    const { page, problems } = await visit(browser, mesh.url);
    await page.getByRole("button", { name: "One face" }).click();
    await poll(() => page.locator("h1").innerText()).toBe("1 face");

    const bytes = (await readFile(photo("portrait-2"))).toString("base64");
    await page.evaluate((base64) => {
      const data = new DataTransfer();
      const decoded = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      data.items.add(new File([decoded], "pasted.jpg", { type: "image/jpeg" }));
      document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
    }, bytes);
    await poll(() => page.locator(".film-frame").count()).toBe(2);
    await poll(() => page.locator("h1").innerText()).toBe("1 face");

    // From a page of this site: its bytes may be read. From another: they may not, and that is said.
    await dropHtml(page, `<img src="${await page.locator(".face-chip img").getAttribute("src")}">`);
    await poll(() => page.locator(".film-frame").count()).toBe(3);
    await dropHtml(page, '<img src="https://example.org/photo.jpg">');
    await page.getByText("That picture belongs to another site").waitFor();

    await page.goto(mesh.url);
    await page.getByRole("button", { name: "Take a photo" }).click();
    const take = page.getByRole("button", { name: "Take the photo" });
    await take.and(page.locator(":enabled")).waitFor();
    await screenshot(page, "camera");
    expect(await accessibilityFaults(page)).toEqual([]);
    await take.click();
    await page.getByText("No face was found in this photo.").waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("is without the gallery for who comes from elsewhere while there is no key, and says how that is mended", async () => {
    // As behind a proxy: no such visitor is of this machine.
    const elsewhere = { extraHTTPHeaders: { via: "1.1 proxy" } };
    const { page, problems } = await visit(browser, `${mesh.url}/gallery`, elsewhere);
    await page.getByText("The gallery is closed to this page.").waitFor();
    await page.getByText("npm run keys").waitFor();
    expect(await page.getByRole("link", { name: "Add a person" }).count()).toBe(0);
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.goto(mesh.url);
    await give(page, photo("portrait-1"));
    await untilComplete(page);
    expect(await page.locator('.field[data-state="done"]').count()).toBe(5);
    expect(await page.locator(".similar-face").count()).toBe(0);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("is used by keyboard all the way", async () => {
    const { page, problems } = await visit(browser, mesh.url);
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await screenshot(page, "keys");
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await tabTo(page, "Drop a photo");
    const chooser = page.waitForEvent("filechooser");
    // The key must not overtake the order to watch for the dialog: one answer from the page says that it has come.
    await page.evaluate(() => 0);
    await page.keyboard.press("Enter");
    await (await chooser).setFiles(photo("group-4"));
    await untilComplete(page);
    await page.keyboard.press("ArrowRight");
    const focused = () => page.evaluate(() => document.activeElement?.textContent);
    expect(await focused()).toBe("Face 2");
    await page.keyboard.press("Enter");
    await page.locator('[data-face="1"] .details').waitFor();
    await page.keyboard.press("Enter");
    await poll(() => page.locator(".details").count()).toBe(0);
    await page.keyboard.press("ArrowLeft");
    expect(await focused()).toBe("Face 1");
    await page.keyboard.press("Delete");
    await page.getByRole("dialog", { name: "Delete this now?" }).waitFor();
    await page.keyboard.press("Escape");
    await poll(() => page.locator("dialog").count()).toBe(0);
    expect(await focused()).toBe("Face 1");
    await page.keyboard.press("Delete");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Deleted" }).waitFor();
    await page.keyboard.press("g");
    await page.waitForURL(/\/gallery$/);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("fits a phone and a 4K screen, without motion where none is wanted", async () => {
    for (const [name, options] of [
      ["phone-dark", { ...PHONE, colorScheme: "dark" }],
      ["4k", { viewport: { width: 3840, height: 2160 }, reducedMotion: "reduce" }],
      ["small-laptop", { viewport: { width: 1024, height: 640 } }],
    ] as const) {
      const { page, problems } = await visit(browser, mesh.url, options);
      await give(page, photo("group-18"));
      await untilComplete(page);
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
      ).toBeLessThanOrEqual(0);
      if (name === "4k") {
        const moving = await page.evaluate(
          () =>
            document.getAnimations().filter(({ effect }) => {
              const { duration } = effect!.getComputedTiming();
              return Number(duration) > 1;
            }).length,
        );
        expect(moving).toBe(0);
      }
      await untilPictures(page);
      await screenshot(page, name);
      expect(problems).toEqual([]);
      await page.context().close();
    }
  });

  async function badFiles(): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), "similarfaces-photos-"));
    const jpeg = await readFile(photo("portrait-1"));
    await mkdir(join(dir, "holiday"));
    await writeFile(join(dir, "letter.pdf"), "%PDF-1.7\n");
    await writeFile(join(dir, "empty.jpg"), "");
    await writeFile(join(dir, "note.jpg"), "not a photo at all");
    await writeFile(join(dir, "phone.heic"), "\0\0\0\x18ftypheic\0\0\0\0mif1heic and nothing that decodes");
    await writeFile(join(dir, "huge.jpg"), Buffer.concat([jpeg, Buffer.alloc(20.1 * MIB - jpeg.length)]));
    // The header is whole, the picture is not.
    await writeFile(join(dir, "cut.jpg"), jpeg.subarray(0, 700));
    return dir;
  }
});

/** Presses Tab until the focus is on what begins with this text. */
async function tabTo(page: Page, text: string): Promise<void> {
  for (let presses = 0; presses < 20; presses++) {
    await page.keyboard.press("Tab");
    if ((await page.evaluate(() => document.activeElement?.textContent))?.startsWith(text)) return;
  }
  throw new Error(`"${text}" cannot be reached with Tab`);
}

/** As a picture that is dragged from a page: no file, but the piece of HTML that it is. */
async function dropHtml(page: Page, html: string): Promise<void> {
  await page.evaluate((piece) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.setData("text/html", piece);
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
  }, html);
}

/** Notes what comes on screen, in order: the photo, the first box, every field that is filled. */
async function recordAppearances(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen: string[] = [];
    Object.assign(globalThis, { seen });
    const note = (what: string) => void (seen.includes(what) || seen.push(what));
    new MutationObserver(() => {
      if (document.querySelector(".photo > img")) note("photo");
      if (document.querySelector(".box")) note("box");
      for (const field of document.querySelectorAll('.face[data-face] .field[data-state="done"]')) {
        note(`${field.closest(".face")!.getAttribute("data-face")} ${field.getAttribute("data-stage")}`);
      }
    }).observe(document.body, { childList: true, subtree: true, attributes: true });
  });
}

const isAboutAnalyzers = (message: string | Buffer) => String(message).startsWith('{"type":"analyzers"');

function appearances(page: Page): Promise<string[]> {
  return page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen);
}
