import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startMesh, type Mesh } from "../../gateway/test/meshFixture.js";
import { CHROMIUM, accessibilityFaults, openBrowser, visit } from "./browser";
import { FOUR } from "./playedAnalyzers";
import { extractOf } from "./playedStages";
import { poll, send } from "./reveal/playedMesh";

/** Where the page's addresses lead, with the stages played by the test. */
describe.skipIf(!CHROMIUM)("the page's addresses (needs Chromium: CHROMIUM)", { timeout: 60_000 }, () => {
  let mesh: Mesh;
  let browser: Browser;
  beforeAll(async () => {
    mesh = await startMesh();
    for (const announcement of FOUR) await mesh.analyzers.announce(announcement);
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await mesh?.stop();
  });

  /** A photo with four faces on screen. */
  async function fourFaces() {
    const { page, problems } = await visit(browser, mesh.url);
    const jobId = await send(page, "group-4");
    await mesh.publish(extractOf(jobId, 4));
    await page.locator('.face[data-face="3"]').waitFor();
    return { page, problems, jobId };
  }
  const chosen = (page: Page) =>
    page
      .locator('.face[data-chosen="true"]')
      .evaluateAll((faces) => faces.map((face) => face.dataset["face"]));
  const choose = (page: Page, face: number) => page.locator(`[data-face="${face}"] .face-name`).click();

  it("have the chosen face, after a reload and on the way back too", async () => {
    const { page, problems, jobId } = await fourFaces();
    expect(new URL(page.url()).search).toBe("");
    await choose(page, 2);
    await poll(async () => new URL(page.url()).search).toBe("?face=2");
    expect(await page.evaluate(() => document.activeElement?.className)).toBe("face-name");
    await page.reload();
    await poll(() => chosen(page)).toEqual(["2"]);
    await page.getByRole("link", { name: "Gallery" }).click();
    await page.waitForURL(/\/gallery$/);
    await page.goBack();
    await poll(() => chosen(page)).toEqual(["2"]);
    expect(page.url()).toBe(`${mesh.url}/jobs/${jobId}?face=2`);
    // Choosing leaves no steps on the way back.
    await choose(page, 3);
    await choose(page, 0);
    await poll(async () => new URL(page.url()).search).toBe("");
    await page.goBack();
    await page.waitForURL(`${mesh.url}/`);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("may name a face that there is not: the largest is chosen", async () => {
    const { page, problems, jobId } = await fourFaces();
    for (const face of ["17", "-1", "x"]) {
      await page.goto(`${mesh.url}/jobs/${jobId}?face=${face}`);
      await poll(() => chosen(page)).toEqual(["0"]);
    }
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("lead from Analyse back to the photo that was open, until it is deleted or left", async () => {
    const { page, problems, jobId } = await fourFaces();
    const analyse = page.getByRole("link", { name: "Analyse", exact: true });
    await choose(page, 1);
    await page.getByRole("link", { name: "About" }).click();
    await analyse.click();
    await poll(() => chosen(page)).toEqual(["1"]);
    expect(page.url()).toBe(`${mesh.url}/jobs/${jobId}?face=1`);
    await page.getByRole("link", { name: "similarfaces" }).click();
    await page.getByRole("heading", { name: "Analyse a photo" }).waitFor();
    expect(await analyse.getAttribute("href")).toBe("/");
    await page.goBack();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByRole("button", { name: "Delete now" }).click();
    await page.getByRole("heading", { name: "Deleted" }).waitFor();
    expect(await analyse.getAttribute("href")).toBe("/");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("lead from a face that is to be added back to it", async () => {
    const { page, problems, jobId } = await fourFaces();
    await page
      .getByRole("button", { name: /^Details of face/ })
      .nth(2)
      .click();
    const face = await page.locator(".face:has(.details)").getAttribute("data-face");
    await page.getByRole("link", { name: "Add to gallery" }).click();
    await page.getByRole("link", { name: "Back to the photo" }).click();
    await poll(() => chosen(page)).toEqual([face]);
    expect(new URL(page.url()).pathname).toBe(`/jobs/${jobId}`);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("that have nothing say so as a page, with the status for it", async () => {
    const { page } = await visit(browser, mesh.url);
    const response = await page.goto(`${mesh.url}/nowhere`);
    expect(response!.status()).toBe(404);
    expect(response!.headers()["content-type"]).toContain("text/html");
    await page.getByText("There's no page at this address.").waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole("link", { name: "Analyse a photo" }).click();
    await page.getByRole("heading", { name: "Analyse a photo" }).waitFor();
    await page.context().close();
  });

  it("look alike whichever is opened first: what all share stands in a layer below the components", async () => {
    const source = await readFile(new URL("../src/base.css", import.meta.url), "utf8");
    const { page } = await visit(browser, mesh.url);
    for (const name of ["Gallery", "About"]) await page.getByRole("link", { name }).click();
    await page.getByRole("heading", { name: "What happens to your photo" }).waitFor();
    const seen = await page.evaluate(() => {
      const rulesIn = (rules: CSSRuleList): string[] =>
        [...rules].flatMap((rule) => (rule instanceof CSSStyleRule ? [rule.selectorText] : []));
      const sheets = [...document.styleSheets].map(({ cssRules }) => cssRules);
      const layers = sheets.flatMap((rules) =>
        [...rules].filter((rule) => rule instanceof CSSLayerBlockRule),
      );
      return {
        layered: layers.flatMap(({ cssRules }) => rulesIn(cssRules)),
        others: sheets.flatMap(rulesIn),
        files: sheets.length,
      };
    });
    expect(seen.files).toBeGreaterThan(1);
    expect(seen.layered).toEqual(
      expect.arrayContaining(["body", "h1", ".button", ".page", ".visually-hidden"]),
    );
    expect(seen.layered.length).toBeGreaterThan(source.split("{").length / 2);
    expect(seen.others.filter((selector) => seen.layered.includes(selector))).toEqual([]);
    await page.context().close();
  });
});
