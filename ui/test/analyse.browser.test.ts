import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestMesh, type TestMesh } from "../../services/mesh/test/mesh.js";
import { testGivenPhotos } from "./analyse/givenPhotos";
import { testShownFaces } from "./analyse/shownFaces";
import { testTurnedPhotos } from "./analyse/turnedPhotos";
import { poll, shownAnswers, untilComplete } from "./analyse/wholeMesh";
import { CHROMIUM, accessibilityFaults, give, openBrowser, photo, screenshot, visit } from "./browser";

/** What a person does, on the whole mesh with its models and the sample gallery. */
describe.skipIf(!CHROMIUM)("Analyse on a whole mesh (needs Chromium: CHROMIUM)", { timeout: 120_000 }, () => {
  let mesh: TestMesh;
  let browser: Browser;
  beforeAll(async () => {
    mesh = await startTestMesh({ env: { SAMPLE_GALLERY: "true", JOB_DEADLINE_MS: "100000" } });
    browser = await openBrowser();
    await mesh.printed("sample gallery is enrolled");
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await mesh?.stop();
  });
  /** One mesh and one browser for every suite. */
  const on = {
    get mesh() {
      return mesh;
    },
    get browser() {
      return browser;
    },
  };

  testShownFaces(on);
  testGivenPhotos(on);
  testTurnedPhotos(on);

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
    expect(await shownAnswers(page)).toBe(18 * 6);
    await other.goto(page.url());
    await untilComplete(other);
    expect(await shownAnswers(other)).toBe(18 * 6);
    await page.context().close();
  });

  it("is without the gallery for who comes from elsewhere while there is no key, and says how that is mended", async () => {
    // As behind a proxy: no such visitor is of this machine.
    const elsewhere = { extraHTTPHeaders: { via: "1.1 proxy" } };
    const { page, problems } = await visit(browser, `${mesh.url}/gallery`, elsewhere);
    await page.getByText("You can't see the gallery from here.").waitFor();
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
    await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
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
    // The largest is chosen, whichever number it has.
    const largest = await page.locator('[data-face="0"] .face-name').innerText();
    const next = `Face ${(Number(largest.replace("Face ", "")) % 4) + 1}`;
    await page.keyboard.press("ArrowRight");
    const focused = () => page.evaluate(() => document.activeElement?.textContent);
    expect(await focused()).toBe(next);
    await page.keyboard.press("Enter");
    await page.locator(`.face[aria-label="${next} of 4"] .details`).waitFor();
    await page.keyboard.press("Enter");
    await poll(() => page.locator(".details").count()).toBe(0);
    await page.keyboard.press("ArrowLeft");
    expect(await focused()).toBe(largest);
    await page.keyboard.press("Delete");
    await page.getByRole("dialog", { name: "Delete this photo?" }).waitFor();
    await page.keyboard.press("Escape");
    await poll(() => page.locator("dialog").count()).toBe(0);
    expect(await focused()).toBe(largest);
    await page.keyboard.press("Delete");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Deleted" }).waitFor();
    await page.keyboard.press("g");
    await page.waitForURL(/\/gallery$/);
    expect(problems).toEqual([]);
    await page.context().close();
  });
});

/** Presses Tab until the focus is on what begins with this text. */
async function tabTo(page: Page, text: string): Promise<void> {
  for (let presses = 0; presses < 20; presses++) {
    await page.keyboard.press("Tab");
    if ((await page.evaluate(() => document.activeElement?.textContent))?.startsWith(text)) return;
  }
  throw new Error(`"${text}" cannot be reached with Tab`);
}
