import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PHONE, PHOTOS, accessibilityFaults, give, photo, screenshot, visit } from "../browser";
import { poll, untilComplete, untilPictures, type WholeMesh } from "./wholeMesh";

const SIZE = { width: 1_920, height: 1_080 };

/** Photos that lie on their side or their head and do not say so. */
export function testTurnedPhotos(on: WholeMesh): void {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "similarfaces-turned-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Its pixels turned clockwise, without EXIF data. */
  async function turnedBy(degrees: number): Promise<string> {
    const file = join(folder, `turned-${degrees}.jpg`);
    await sharp(photo("group-4")).rotate(degrees).jpeg({ quality: 95 }).toFile(file);
    return file;
  }

  it.each([90, 180, 270])("turned by %i degrees is shown upright, every face in its box", async (degrees) => {
    const { page, problems } = await visit(on.browser, on.mesh.url);
    await give(page, await turnedBy(degrees));
    await page.locator(`.photo[data-turned="${360 - degrees}"]`).waitFor();
    await untilStill(page);
    expect(await shareOf(page)).toBeCloseTo(SIZE.width / SIZE.height, 2);
    expect(await facesHit(page)).toBe(4);
    await untilComplete(page);
    expect(await page.locator(`.film-frame img[data-turned="${360 - degrees}"]`).count()).toBe(1);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("is turned back and stood upright by a button and a key, and is upright after a reload and for others", async () => {
    const { page, problems } = await visit(on.browser, on.mesh.url);
    await give(page, await turnedBy(90));
    await untilComplete(page);
    await untilPictures(page);
    await untilStill(page);
    await screenshot(page, "turned-upright");
    expect(await accessibilityFaults(page)).toEqual([]);

    await page.getByRole("button", { name: "Turn back" }).click();
    const upright = page.getByRole("button", { name: "Upright" });
    await upright.waitFor();
    await untilStill(page);
    expect(await shareOf(page)).toBeCloseTo(SIZE.height / SIZE.width, 2);
    expect(await upright.evaluate((button) => button === document.activeElement)).toBe(true);
    await screenshot(page, "turned-back");
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.keyboard.press("u");
    await page.getByRole("button", { name: "Turn back" }).waitFor();
    await untilStill(page);
    expect(await facesHit(page)).toBe(4);

    // A face is looked at closely where it is shown, and chosen where it is tapped.
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("z");
    await poll(() => page.locator(".photo").getAttribute("data-zoomed")).toBe("true");
    const [frame, box] = [await boundsOf(page, ".photo"), await boundsOf(page, '.box[data-chosen="true"]')];
    expect(Math.abs(box.x + box.width / 2 - (frame.x + frame.width / 2))).toBeLessThan(frame.width / 3);
    expect(box.height).toBeGreaterThan(frame.height / 5);

    for (const other of [page, (await visit(on.browser, page.url(), PHONE)).page]) {
      await other.reload();
      await other.locator('.photo[data-turned="270"]').waitFor();
      await untilComplete(other);
      await untilPictures(other);
      await untilStill(other);
      expect(await facesHit(other)).toBe(4);
    }
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("fits a phone, in the same room as before, and turns at once where less motion is wanted", async () => {
    const options = { ...PHONE, reducedMotion: "reduce" } as const;
    const { page, problems } = await visit(on.browser, on.mesh.url, options);
    await give(page, await turnedBy(270));
    await untilComplete(page);
    await untilPictures(page);
    const room = await boundsOf(page, ".photo");
    expect(await shareOf(page)).toBeCloseTo(SIZE.width / SIZE.height, 1);
    await screenshot(page, "phone-turned-upright");
    await page.getByRole("button", { name: "Turn back" }).click();
    await page.getByRole("button", { name: "Upright" }).waitFor();
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    await poll(() => shareOf(page)).toBeCloseTo(SIZE.height / SIZE.width, 1);
    expect(await boundsOf(page, ".photo")).toEqual(room);
    await screenshot(page, "phone-turned-back");
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(problems).toEqual([]);
    await page.context().close();
  });
}

/** Nothing turns any more. */
const untilStill = (page: Page) =>
  page.waitForFunction(() => document.getAnimations().every(({ playState }) => playState !== "running"));

const boundsOf = (page: Page, selector: string) =>
  page.locator(selector).evaluate((element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return { x, y, width, height };
  });

/** Width by height of the picture as it is seen. */
async function shareOf(page: Page): Promise<number> {
  const { width, height } = await boundsOf(page, ".photo-plane > img");
  return width / height;
}

/** Faces of the upright photo, by its maker, whose middle is in a box that takes the pointer there. */
async function facesHit(page: Page): Promise<number> {
  const truth = JSON.parse(await readFile(join(PHOTOS, "truth.json"), "utf8")) as Record<string, number[][]>;
  const places = truth["group-4"]!.map(([x = 0, y = 0]) => ({ x: x / SIZE.width, y: y / SIZE.height }));
  return page.evaluate((places) => {
    const seen = document.querySelector(".photo-plane > img")!.getBoundingClientRect();
    const boxes = places.map(({ x, y }) =>
      document.elementFromPoint(seen.x + x * seen.width, seen.y + y * seen.height)?.closest(".box"),
    );
    return new Set(boxes.filter(Boolean)).size;
  }, places);
}
