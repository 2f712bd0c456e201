import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { visit } from "../browser";
import { answersOf, extractOf } from "../playedStages";
import { send, type PlayedMesh } from "./playedMesh";

/** How much the clocks of the stages' machines are off in these tests. */
const OFF_MS = 20_000;

export function testWaits(on: PlayedMesh): void {
  it("tells who gave the photo what they waited, by a clock that never runs backwards", async () => {
    const { page, problems } = await visit(on.browser, on.mesh.url);
    await page.evaluate(() => {
      const told: string[] = [];
      globalThis.told = told;
      addEventListener("change", () => (globalThis.giving = performance.now()), true);
      new MutationObserver(() => {
        const figure = document.querySelector(".fall-figure:nth-of-type(2)");
        const text = figure?.textContent ?? "";
        if (text.startsWith("Everything") && text !== told.at(-1)) told.push(text);
        if (figure?.getAttribute("data-known") === "true") globalThis.waited ??= performance.now();
      }).observe(document.body, { childList: true, subtree: true, characterData: true, attributes: true });
    });
    const jobId = await send(page, "group-4");
    await on.publish(extractOf(jobId, 2));
    await page.locator(".box").nth(1).waitFor();
    const answers = [0, 1].flatMap((face) => Object.values(answersOf(jobId, face)));
    // What a machine says whose clock is ahead.
    for (const { timings } of answers) for (const key of TIMES) timings![key]! += OFF_MS;
    await on.publish(...answers);
    await page.locator(COMPLETE).nth(1).waitFor();

    const { told, waitedMs } = await page.evaluate(() => ({
      told: globalThis.told,
      waitedMs: globalThis.waited! - globalThis.giving,
    }));
    const times = told.map(msOf).filter((ms) => ms !== undefined);
    expect(times.length).toBeGreaterThan(2);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    // As the page's visitor would measure it, to what a figure is rounded to.
    expect(times.at(-1)).toBeLessThanOrEqual(waitedMs + 50);
    expect(times.at(-1)).toBeGreaterThan(0);
    // By the stages' own clocks the models took longer than anybody has waited.
    expect(msOf(await figure(page, "Models"))).toBeGreaterThan(OFF_MS - 1_000);
    expect(await figure(page, "Upload")).not.toContain("–");
    expect(problems).toEqual([]);

    const guest = await page.context().newPage();
    await guest.goto(page.url());
    await guest.locator(COMPLETE).nth(1).waitFor();
    expect(await guest.locator(".fall-figure").allInnerTexts()).toEqual([
      expect.stringMatching(/^First box \d/),
      await figure(page, "Models"),
    ]);
    await page.context().close();
  });
}

declare global {
  /** In the page: what the figure said, and when the photo was given and all of it was shown. */
  var told: string[];
  var giving: number;
  var waited: number | undefined;
}

const TIMES = ["queuedAtMs", "startedAtMs", "finishedAtMs"] as const;
const COMPLETE = '.fall-figure[data-known="true"]';

const figure = (page: Page, name: string) => page.locator(".fall-figure", { hasText: name }).innerText();

/** Of "Everything 1.3 s"; undefined where no time is told. */
function msOf(text: string): number | undefined {
  const [, value, unit] = /([\d.]+) (ms|s)$/.exec(text) ?? [];
  return value === undefined ? undefined : Number(value) * (unit === "s" ? 1_000 : 1);
}
