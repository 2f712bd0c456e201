import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { expect, it, onTestFinished } from "vitest";
import { DESKTOP, PHONE, give, visit } from "../browser";
import { answersOf, extractOf } from "../playedStages";
import { poll, type PlayedMesh } from "./playedMesh";

/** What Chromium calls a good page has 0.1, and leaves out what follows a click: here nothing is left out. */
const SHIFT_MAX = 0.02;

/** Nothing that comes moves what is there: from the upload to the last answer. */
export function testSteadiness(on: PlayedMesh): void {
  it.each([
    { screen: "a phone", options: PHONE, faces: 4, turned: 0 },
    { screen: "a phone, a photo of one face", options: PHONE, faces: 1, turned: 0 },
    { screen: "a phone, a photo that lies", options: PHONE, faces: 4, turned: 90 },
    { screen: "a desktop", options: DESKTOP, faces: 4, turned: 0 },
    { screen: "a desktop, a photo of one face", options: DESKTOP, faces: 1, turned: 0 },
    { screen: "a desktop, a photo that lies", options: DESKTOP, faces: 4, turned: 90 },
    { screen: "a desktop, a crowd", options: DESKTOP, faces: 18, turned: 0 },
  ])("moves nothing on $screen, from the upload to the last answer", async ({ options, faces, turned }) => {
    const { page, problems } = await visit(on.browser, on.mesh.url, options);
    await recordShifts(page);
    await give(page, await greyPhoto());
    await page.waitForURL(/\/jobs\//);
    const jobId = page.url().split("/").pop()!;
    await page.locator(".photo-plane > img").waitFor();
    await poll(() => page.locator("h1").innerText()).toBe("Looking for faces");
    await drawn(page);
    const extracted = extractOf(jobId, faces);
    if (extracted.outcome?.case === "extract") extracted.outcome.value.turned = turned;
    await on.publish(extracted);
    await page
      .locator(".box")
      .nth(faces - 1)
      .waitFor();
    await drawn(page);
    for (let face = 0; face < faces; face++) {
      for (const answer of Object.values(answersOf(jobId, face))) await on.publish(answer);
      await drawn(page);
    }
    await page.locator('.fall-figure[data-known="true"]').nth(1).waitFor();
    await drawn(page);
    const shifts = await shiftsOf(page);
    const sum = shifts.reduce((total, { value }) => total + value, 0);
    expect(sum, JSON.stringify(shifts, undefined, 1)).toBeLessThanOrEqual(SHIFT_MAX);
    expect(problems).toEqual([]);
    await page.context().close();
  });
}

/** Of the size that the played `extract` says of every photo. */
async function greyPhoto(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "similarfaces-steadiness-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "grey.jpg");
  await sharp({ create: { width: 1_920, height: 1_080, channels: 3, background: "#888" } })
    .jpeg()
    .toFile(file);
  return file;
}

interface Shift {
  value: number;
  /** What moved, from where to where. */
  moved: string[];
}

/** From now on, also what follows the visitor's own clicks. */
async function recordShifts(page: Page): Promise<void> {
  await page.evaluate(() => {
    const shifts: Shift[] = [];
    const note = (entries: PerformanceEntryList) => {
      for (const entry of entries as LayoutShift[]) {
        const moved = entry.sources.map(({ node, previousRect, currentRect }) => {
          const element = node instanceof Element ? node : node?.parentElement;
          const place = ({ x, y, width, height }: DOMRectReadOnly) =>
            [x, y, width, height].map(Math.round).join(" ");
          const name = element ? `${element.tagName} ${element.getAttribute("class")}` : "?";
          return `${name}: ${place(previousRect)} -> ${place(currentRect)}`;
        });
        shifts.push({ value: entry.value, moved });
      }
    };
    const observer = new PerformanceObserver((list) => note(list.getEntries()));
    observer.observe({ type: "layout-shift" });
    Object.assign(globalThis, {
      shifts: () => {
        note(observer.takeRecords());
        return shifts;
      },
    });
  });
}

interface LayoutShift extends PerformanceEntry {
  value: number;
  sources: { node: Node | null; previousRect: DOMRectReadOnly; currentRect: DOMRectReadOnly }[];
}

const shiftsOf = (page: Page): Promise<Shift[]> =>
  page.evaluate(() => (globalThis as unknown as { shifts(): Shift[] }).shifts());

/** What has come is on screen, and has moved what it would. */
const drawn = (page: Page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
