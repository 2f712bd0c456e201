import type { MessageInitShape, ResultSchema } from "@similarfaces/contracts";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startMesh, type Mesh } from "../../gateway/test/meshFixture.js";
import { CHROMIUM, PHONE, accessibilityFaults, give, openBrowser, photo, screenshot, visit } from "./browser";
import { FOUR, LIGHT, MASK } from "./playedAnalyzers";
import { answersOf, extractOf, guessOf, resultOf } from "./playedStages";

/** The page on the real gateway and broker, with analyzers that it has never heard of: announced and played by the test. */
describe.skipIf(!CHROMIUM)("analyzers of one's own on the page (needs Chromium: CHROMIUM)", () => {
  let mesh: Mesh;
  let browser: Browser;
  beforeAll(async () => {
    mesh = await startMesh();
    browser = await openBrowser();
  });
  beforeEach(async () => {
    for (const announcement of [...FOUR, MASK, LIGHT]) await mesh.analyzers.announce(announcement);
  });
  afterAll(async () => {
    await browser?.close();
    await mesh?.stop();
  });

  const publish = async (...results: MessageInitShape<typeof ResultSchema>[]) => {
    for (const result of results) await mesh.publish(result);
  };
  const send = async (page: Page, name: string): Promise<string> => {
    await give(page, photo(name));
    await page.waitForURL(/\/jobs\//);
    return page.url().split("/").pop()!;
  };
  const card = (page: Page, face = 0) => page.locator(`[data-face="${face}"]`);
  const field = (page: Page, stage: string, face = 0) =>
    card(page, face).locator(`.field[data-stage="${stage}"]`);
  const untilField = (page: Page, stage: string, state: string, face = 0) =>
    card(page, face).locator(`.field[data-stage="${stage}"][data-state="${state}"]`).waitFor();
  const stageOnWelcome = (page: Page, stage: string) =>
    page.locator(`.welcome-stages [data-stage="${stage}"]`);
  const hueOf = (page: Page, stage: string) =>
    page
      .locator(`.fall-row[data-stage="${stage}"]`)
      .evaluate((row) => Number(getComputedStyle(row).getPropertyValue("--hue")));
  const maskOf = (jobId: string, face = 0, bare = 0.97) =>
    resultOf(jobId, "mask", face, guessOf("mask", ["bare", bare], ["covered", 1 - bare]));
  const lightOf = (jobId: string, face = 0) =>
    resultOf(jobId, "light", face, {
      case: "analysis",
      value: {
        answers: [
          { name: "angle", kind: { case: "measure", value: { value: -12.4, unit: "degrees" } } },
          { name: "contrast", kind: { case: "measure", value: { value: 0.714 } } },
          { name: "distance", kind: { case: "measure", value: { value: 83, unit: "cm" } } },
        ],
      },
    });
  const everything = (jobId: string, face = 0) => [
    ...Object.values(answersOf(jobId, face)),
    maskOf(jobId, face),
    lightOf(jobId, face),
  ];

  it("have rows, words, bars, a place in the legend and a hue of their own", async () => {
    const { page, problems } = await visit(browser, mesh.url);
    const jobId = await send(page, "portrait-1");
    await publish(extractOf(jobId, 1, { columns: 1 }));
    await untilField(page, "mask", "pending");
    const heightOf = (stage: string) =>
      field(page, stage).evaluate((element) => Math.round(element.getBoundingClientRect().height));
    const heights = async () =>
      Object.fromEntries(
        await Promise.all(
          ["age", "gender", "emotion", "race", "mask", "light", "match"].map(async (stage) => [
            stage,
            await heightOf(stage),
          ]),
        ),
      );
    const before = await heights();
    await screenshot(page, "own-analyzers-pending");

    await publish(...everything(jobId));
    await untilField(page, "match", "done");
    await untilField(page, "light", "done");
    // What an answer will take is known from the announcement: nothing moves when it comes.
    expect(await heights()).toEqual(before);

    expect(await field(page, "mask").innerText()).toMatch(/^Mask\s+Bare face\s+bare\s+97%\s+covered\s+3%/);
    expect(await field(page, "mask").innerText()).toContain("Trained on drawn masks.");
    expect(await field(page, "light").innerText()).toMatch(
      /^Light\s+Angle\s+-12°\s+Contrast\s+0\.71\s+Distance\s+83 cm$/,
    );
    // Only what has a range is drawn in one.
    expect(await field(page, "light").locator(".range").count()).toBe(2);
    expect(await page.locator(".box-tag").innerText()).toBe("looks 31, happy, bare face");
    expect(await page.locator(".fall-row th").allInnerTexts()).toEqual([
      "extract",
      "embed",
      "light",
      "age",
      "gender",
      "emotion",
      "race",
      "mask",
      "match",
    ]);
    const known = { extract: 250, embed: 290, match: 320, age: 70, gender: 170, race: 110, emotion: 30 };
    for (const [stage, hue] of Object.entries(known)) expect(await hueOf(page, stage), stage).toBe(hue);
    const own = [await hueOf(page, "mask"), await hueOf(page, "light")];
    for (const hue of own) {
      for (const other of [...Object.values(known), ...own.filter((each) => each !== hue)]) {
        expect(Math.min(Math.abs(hue - other), 360 - Math.abs(hue - other))).toBeGreaterThanOrEqual(20);
      }
    }
    await screenshot(page, "own-analyzers");
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole("button", { name: "Details of face 1" }).click();
    const details = page.locator('.details-stage[data-stage="light"]');
    expect(await details.innerText()).toContain("Distance: 83 cm");
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("say below their floor that they are unsure", async () => {
    const { page } = await visit(browser, mesh.url);
    const jobId = await send(page, "portrait-1");
    await publish(extractOf(jobId, 1, { columns: 1 }), maskOf(jobId, 0, 0.55));
    await untilField(page, "mask", "done");
    expect(await field(page, "mask").innerText()).toContain("Perhaps a bare face");
    expect(await page.locator(".box-tag").innerText()).toBe("perhaps a bare face");
    await page.context().close();
  });

  it("speak the visitor's language where they know it", async () => {
    const { page } = await visit(browser, mesh.url, { locale: "de-AT" });
    const jobId = await send(page, "portrait-1");
    await publish(extractOf(jobId, 1, { columns: 1 }), maskOf(jobId));
    await untilField(page, "mask", "done");
    expect(await field(page, "mask").innerText()).toMatch(/^Maske\s+Bare face/);
    await page.context().close();
  });

  it("appear in a page that is open, and go from it; what they answered stays", async () => {
    const { page, problems } = await visit(browser, mesh.url);
    await stageOnWelcome(page, "mask").waitFor();
    await mesh.analyzers.withdraw("mask");
    await stageOnWelcome(page, "mask").waitFor({ state: "detached" });
    await mesh.analyzers.announce(MASK);
    await stageOnWelcome(page, "mask").waitFor();

    const jobId = await send(page, "portrait-1");
    await publish(extractOf(jobId, 1, { columns: 1 }), ...everything(jobId));
    await untilField(page, "mask", "done");
    await page.locator('.fall-figure[data-known="true"]').nth(1).waitFor();
    await mesh.analyzers.withdraw("mask");
    // Another photo is not asked about it any more; the first one still shows what was said.
    await give(page, photo("portrait-2"));
    await page.waitForURL((url) => url.pathname.startsWith("/jobs/") && !url.pathname.endsWith(jobId));
    const second = page.url().split("/").pop()!;
    await publish(extractOf(second, 1, { columns: 1 }));
    await untilField(page, "age", "pending");
    expect(await page.locator('.fall-row[data-stage="mask"]').count()).toBe(0);
    await page.goBack();
    await untilField(page, "mask", "done");
    expect(await field(page, "mask").innerText()).toContain("Bare face");

    // The diagram and the models follow as well.
    await page.getByRole("link", { name: "About" }).click();
    await page.getByRole("link", { name: "How it works, for engineers" }).click();
    await page.getByRole("group", { name: /^light: 3 answers/ }).waitFor();
    expect(await page.getByRole("group", { name: /^mask/ }).count()).toBe(0);
    await mesh.analyzers.announce(MASK);
    await page.getByRole("group", { name: /^mask: one of 2 labels/ }).waitFor();
    const model = page.locator("#model-mask");
    expect(await model.innerText()).toContain("Right for 90 of 100 faces.");
    expect(await model.innerText()).toContain("Trained on drawn masks.");
    await screenshot(page, "own-analyzers-about", { fullPage: true });
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("are shown by their raw names where nobody announces them any more", async () => {
    const { page, problems } = await visit(browser, mesh.url);
    await stageOnWelcome(page, "mask").waitFor();
    const jobId = await send(page, "portrait-1");
    await publish(extractOf(jobId, 1, { columns: 1 }), ...everything(jobId));
    await untilField(page, "mask", "done");
    await mesh.analyzers.withdraw("mask");
    await expect
      .poll(async () => (await (await fetch(`${mesh.url}/v1/analyzers`)).text()).includes('"mask"'))
      .toBe(false);
    await page.reload();
    await untilField(page, "mask", "done");
    expect(await field(page, "mask").innerText()).toMatch(/^mask\s+Bare\s+bare\s+97%\s+covered\s+3%$/);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("are not asked about a face that is too small or blurred, which says so", async () => {
    const { page, problems } = await visit(browser, mesh.url);
    const jobId = await send(page, "group-4");
    await publish(extractOf(jobId, 3, { columns: 3, skipped: [2] }));
    for (const face of [0, 1]) await publish(...everything(jobId, face));
    await page.locator('.fall-figure[data-known="true"]').nth(1).waitFor();
    expect(await card(page, 2).innerText()).toContain("Too small or blurred to say.");
    // What was seen with the face itself is all there is.
    expect(await card(page, 2).locator(".field").count()).toBe(1);
    await untilField(page, "quality", "done", 2);
    expect(await page.locator(".box[data-skipped]").count()).toBe(1);
    expect(await page.locator(".box-tag").nth(2).innerText()).toContain("too small or blurred to say");
    await page.locator(".box[data-skipped]").click();
    await page.locator('.fall-row[data-stage="age"][data-state="skipped"]').waitFor();
    await screenshot(page, "skipped");
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("fit a phone", async () => {
    const { page, problems } = await visit(browser, mesh.url, PHONE);
    const jobId = await send(page, "group-4");
    await publish(extractOf(jobId, 3, { columns: 3 }));
    for (const face of [0, 1, 2]) await publish(...everything(jobId, face));
    await untilField(page, "light", "done", 2);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(
      0,
    );
    await screenshot(page, "own-analyzers-phone", { fullPage: true });
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(problems).toEqual([]);
    await page.context().close();
  });
});
