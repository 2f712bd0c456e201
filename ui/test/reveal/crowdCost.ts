import type { CDPSession, Page } from "playwright-core";
import { expect, it } from "vitest";
import { visit } from "../browser";
import { answersOf, extractOf } from "../playedStages";
import { poll, send, type PlayedMesh } from "./playedMesh";

/** As many as are analysed of one photo. */
const FACES = 64;
/** Of the whole page, whatever has come. */
const ELEMENTS_MAX = 2_500;
/** Of a row of the waterfall: what waited, what worked, what worked for the others. */
const SHAPES_PER_ROW = 3;
/** At a quarter of the speed, on a machine that has other work. */
const TIME = { timeout: 180_000 };

/** What the page makes of a photo with as many faces as can be, while their answers come. Times are printed, for machines differ. */
export function testCrowdCost(on: PlayedMesh): void {
  it.each([1, 4])(
    "draws little for sixty-four faces, on a processor %s times as slow",
    TIME,
    async (slowness) => {
      const { page, problems } = await visit(on.browser, on.mesh.url, { reducedMotion: "reduce" });
      const devtools = await page.context().newCDPSession(page);
      await devtools.send("Emulation.setCPUThrottlingRate", { rate: slowness });
      await devtools.send("Performance.enable");
      const jobId = await send(page, "crowd-48mp");
      await watch(page);
      const before = await timesOf(devtools);
      await on.publish(extractOf(jobId, FACES, { columns: 8 }));
      await page
        .locator(".box")
        .nth(FACES - 1)
        .waitFor();
      const rows = await page.locator(".fall-row").count();
      for (let face = 0; face < FACES; face++) await on.publish(...Object.values(answersOf(jobId, face)));
      await page.locator('.fall-figure[data-known="true"]').nth(1).waitFor();
      await poll(() => page.locator(".box-dot").count()).toBe(0);
      const after = await timesOf(devtools);
      const tasks = await page.evaluate(() => globalThis.seen.tasks);

      // Through all cards: each is built when it comes near, where it had its place, and is given up when it has gone.
      const list = page.locator(".faces");
      const heightPx = () => list.evaluate(({ scrollHeight }) => scrollHeight);
      const heightBeforePx = await heightPx();
      for (let face = 0; face < FACES; face += 3) {
        const card = page.locator(`[data-face="${face}"]`);
        await card.scrollIntoViewIfNeeded();
        await poll(() => card.locator('.field[data-state="done"]').count()).toBe(6);
      }
      expect(Math.abs((await heightPx()) - heightBeforePx)).toBeLessThan(FACES);

      const { elements, shapes } = await page.evaluate(() => globalThis.seen);
      console.log(
        `${FACES} faces at 1/${slowness} of the speed: ${elements} elements at most, ${shapes} shapes made in the waterfall, ` +
          Object.entries(after)
            .map(([name, seconds]) => `${name} ${Math.round((seconds - before[name]!) * 1_000)} ms`)
            .join(", ") +
          `, tasks over 50 ms: ${tasks.map(Math.round).join(", ") || "none"}`,
      );
      expect(elements).toBeLessThan(ELEMENTS_MAX);
      expect(shapes).toBeLessThanOrEqual(rows * SHAPES_PER_ROW);
      expect(problems).toEqual([]);
      await page.context().close();
    },
  );
}

declare global {
  /** In the page. */
  var seen: { elements: number; shapes: number; tasks: number[] };
}

/** Counts from now on what stands in the page at once, and what is made anew in the waterfall. */
async function watch(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen = { elements: 0, shapes: 0, tasks: [] as number[] };
    globalThis.seen = seen;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) seen.tasks.push(duration);
    }).observe({ type: "longtask" });
    new MutationObserver((changes) => {
      seen.elements = Math.max(seen.elements, document.querySelectorAll("*").length);
      for (const { addedNodes } of changes) {
        for (const added of addedNodes) {
          if (!(added instanceof Element) || !added.closest(".fall")) continue;
          seen.shapes += added.querySelectorAll("rect, path").length + Number(added.matches("rect, path"));
        }
      }
    }).observe(document.body, { childList: true, subtree: true });
  });
}

/** Of the page's process and its main thread, seconds by what they are spent for. */
async function timesOf(devtools: CDPSession): Promise<Record<string, number>> {
  const { metrics } = await devtools.send("Performance.getMetrics");
  const of = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? 0;
  return {
    processor: of("ProcessTime"),
    tasks: of("TaskDuration"),
    script: of("ScriptDuration"),
    style: of("RecalcStyleDuration"),
    layout: of("LayoutDuration"),
  };
}
