import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startMesh, type Mesh } from "../../gateway/test/meshFixture.js";
import { CHROMIUM, PHONE, accessibilityFaults, openBrowser, screenshot, visit } from "./browser";
import { FOUR } from "./playedAnalyzers";
import { answersOf, extractOf } from "./playedStages";
import { testBrokenLines } from "./reveal/brokenLines";
import { testChoosing } from "./reveal/choosing";
import { testContrasts } from "./reveal/contrasts";
import { testCrowdCost } from "./reveal/crowdCost";
import { testJobsThatAreGone } from "./reveal/jobsThatAreGone";
import { testPhones } from "./reveal/phones";
import { testLikeness } from "./reveal/likeness";
import { testPortraits } from "./reveal/portraits";
import { testSteadiness } from "./reveal/steadiness";
import { fieldsOf, poll, send, untilField, type PlayedMesh } from "./reveal/playedMesh";
import { testWaits } from "./reveal/waits";

/**
 * The page on the real gateway and broker, with the stages played by the test: what comes when is exact, so that every state in
 * between can be seen.
 */
describe.skipIf(!CHROMIUM)("the reveal (needs Chromium: CHROMIUM)", () => {
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

  const publish: PlayedMesh["publish"] = async (...results) => {
    for (const result of results) await mesh.publish(result);
  };
  /** One mesh and one browser for every suite. */
  const on: PlayedMesh = {
    get mesh() {
      return mesh;
    },
    get browser() {
      return browser;
    },
    publish,
  };

  it("shows the photo at once, boxes first, then each answer in the place kept for it", async () => {
    const { page, problems } = await visit(browser, mesh.url);
    const jobId = await send(page, "group-4");
    await page.locator(".photo-plane > img").waitFor();
    await poll(() => page.locator("h1").innerText()).toBe("Looking for faces");
    expect(await page.locator(".box").count()).toBe(0);
    await screenshot(page, "1-sent");

    await publish(extractOf(jobId, 4));
    await page.locator(".box").nth(3).waitFor();
    expect(await page.locator("h1").innerText()).toBe("4 faces");
    expect(await fieldsOf(page, 0)).toEqual({
      age: "pending",
      gender: "pending",
      emotion: "pending",
      race: "pending",
      match: "pending",
      // Comes with the boxes.
      quality: "done",
    });
    const height = (face: number) =>
      page.locator(`[data-face="${face}"]`).evaluate((card) => card.getBoundingClientRect().height);
    const emptyHeight = await height(0);
    await screenshot(page, "2-boxes");

    const { age, gender, race, emotion, embed, match } = answersOf(jobId, 0);
    await publish(age);
    await untilField(page, 0, "age", "done");
    expect(await page.locator('[data-face="0"]').innerText()).toContain("Looks 31");
    expect(await fieldsOf(page, 0)).toMatchObject({ age: "done", gender: "pending", match: "pending" });
    expect(await fieldsOf(page, 1)).toMatchObject({ age: "pending" });
    const ages = page.locator('[data-face="0"] [data-stage="age"] .curve-axis span');
    expect(await ages.allInnerTexts()).toEqual(["0", "20", "40", "60", "80", "100"]);
    // At the face itself too.
    await poll(() => page.locator(".box-tag").first().innerText()).toContain("looks 31");
    await screenshot(page, "3-age");

    await publish(gender, emotion);
    await untilField(page, 0, "emotion", "done");
    await screenshot(page, "4-emotion");
    await publish(race, embed, match);
    await untilField(page, 0, "match", "done");
    await screenshot(page, "5-match");
    expect(Math.abs((await height(0)) - emptyHeight)).toBeLessThan(2);
    expect(await page.locator('[data-face="0"] .similar-face').count()).toBe(5);

    for (const face of [1, 2, 3]) await publish(...Object.values(answersOf(jobId, face)));
    await page.locator('.fall-figure[data-known="true"]').nth(1).waitFor();
    expect(await page.locator(".box-dot").count()).toBe(0);
    await screenshot(page, "6-complete");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("says in words what failed, what did not come in time and what is switched off", async () => {
    const gateway = await mesh.another({ JOB_DEADLINE_MS: "4000" });
    const { page, problems } = await visit(browser, gateway.url);
    await page.locator('.welcome-stages [data-stage="race"]').waitFor();
    await mesh.analyzers.withdraw("race");
    await page.locator('.welcome-stages [data-stage="race"]').waitFor({ state: "detached" });
    const jobId = await send(page, "portrait-1");
    await publish(extractOf(jobId, 1), {
      jobId,
      stage: "age",
      face: 0,
      outcome: {
        case: "failure",
        value: { code: "model_failed", message: "The model could not compute this.", retryable: true },
      },
    });
    await untilField(page, 0, "match", "expired");
    expect(await fieldsOf(page, 0)).toEqual({
      age: "failed",
      gender: "expired",
      emotion: "expired",
      race: "off",
      match: "expired",
      quality: "done",
    });
    const card = await page.locator('[data-face="0"]').innerText();
    expect(card).toContain("This didn't work. The model could not compute this.");
    expect(card).toContain("No answer in time.");
    expect(card).toContain("Not asked for this photo.");
    await screenshot(page, "fields-without-an-answer");
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(problems).toEqual([]);
    await mesh.analyzers.announce(FOUR.find(({ name }) => name === "race")!);
    await page.context().close();
  });

  it("handles more faces than fit on any screen, by pointer and by keyboard", async () => {
    const { page, problems } = await visit(browser, mesh.url);
    const jobId = await send(page, "crowd-48mp");
    await publish(extractOf(jobId, 64, { columns: 8, facesOmitted: 3 }));
    await page.locator(".box").nth(63).waitFor();
    expect(await page.locator(".face").count()).toBe(64);
    await page.getByText("3 more faces in this photo.").waitFor();
    for (const face of [0, 1, 63]) await publish(...Object.values(answersOf(jobId, face)));
    // A card far from the screen is a name and a place, until it is chosen or comes near.
    expect(await page.locator('[data-face="63"] .field').count()).toBe(0);
    await page.locator(".box").nth(63).click();
    await untilField(page, 63, "match", "done");

    await page.locator(".box").nth(40).click();
    expect(await page.locator('.face[data-chosen="true"]').getAttribute("data-face")).toBe("40");
    await poll(() => page.locator('[data-face="40"]').evaluate(isInView)).toBe(true);
    await page.keyboard.press("ArrowLeft");
    expect(await page.locator('.box[data-chosen="true"]').count()).toBe(1);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Face 40");
    await page.locator('[data-face="63"] .face-name').click();
    await page.keyboard.press("ArrowRight");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Face 1");
    await screenshot(page, "crowd");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("announces once per face, and never moves the focus when answers come", async () => {
    const { page } = await visit(browser, mesh.url);
    await page.evaluate(() => {
      const spoken: string[] = [];
      Object.assign(globalThis, { spoken });
      new MutationObserver((changes) => {
        for (const { addedNodes } of changes)
          spoken.push(...[...addedNodes].map((node) => node.textContent!));
      }).observe(document.querySelector("[aria-live]")!, { childList: true });
    });
    const jobId = await send(page, "group-4");
    await publish(extractOf(jobId, 2));
    await page.locator('[data-face="1"] .face-more').focus();
    for (const face of [0, 1]) await publish(...Object.values(answersOf(jobId, face)));
    await untilField(page, 1, "match", "done");
    await page.waitForFunction(() => (globalThis as unknown as { spoken: string[] }).spoken.length >= 3);
    const spoken = await page.evaluate(() => (globalThis as unknown as { spoken: string[] }).spoken);
    expect(spoken).toHaveLength(3);
    expect(spoken[0]).toBe("2 faces found.");
    expect(spoken[1]).toMatch(/^Face 1: .*Looks 31\. Probably a woman\./);
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe(
      "Details of face 2",
    );
    await page.context().close();
  });

  it("gives a phone one card at a time, with a swipe between them, under a photo that stays", async () => {
    const { page, problems } = await visit(browser, mesh.url, PHONE);
    await screenshot(page, "phone-welcome");
    expect(await accessibilityFaults(page)).toEqual([]);
    const jobId = await send(page, "group-4");
    await publish(extractOf(jobId, 4), answersOf(jobId, 0).age);
    await untilField(page, 0, "age", "done");
    await screenshot(page, "phone-partial");
    for (const face of [0, 1, 2, 3]) await publish(...Object.values(answersOf(jobId, face)));
    await untilField(page, 3, "match", "done");
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(await overflow()).toBeLessThanOrEqual(0);
    // Nothing that came has moved the page; choosing a face moves the row of cards alone.
    await page.locator(".box").nth(2).click();
    await poll(() =>
      page.locator('[data-face="2"]').evaluate((card) => Math.round(card.getBoundingClientRect().left)),
    ).toBeLessThan(40);
    expect(await page.evaluate(() => scrollY)).toBe(0);
    await page.locator(".faces").evaluate((list) => list.scrollTo({ left: 400, behavior: "instant" }));
    await poll(() => page.locator('.box[data-chosen="true"]').count()).toBe(1);
    await poll(() => page.locator('.face[data-chosen="true"]').getAttribute("data-face")).toBe("1");
    await page.evaluate(() => scrollTo(0, 400));
    const top = await page.locator(".photo").evaluate((element) => element.getBoundingClientRect().top);
    expect(top).toBe(0);
    await screenshot(page, "phone-complete");
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  testSteadiness(on);
  testChoosing(on);
  testPhones(on);
  testLikeness(on);
  testPortraits(on);
  testBrokenLines(on);
  testJobsThatAreGone(on);
  testContrasts(on);
  testWaits(on);
  testCrowdCost(on);
});

function isInView(element: Element): boolean {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}
