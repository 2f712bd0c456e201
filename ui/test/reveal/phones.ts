import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { PHONE, accessibilityFaults, screenshot, visit } from "../browser";
import { answersOf, extractOf } from "../playedStages";
import { poll, send, untilField, type PlayedMesh } from "./playedMesh";

/** What a phone shows without scrolling. */
export function testPhones(on: PlayedMesh): void {
  it.each([1, 4])(
    "shows photo, buttons, similar faces and filmstrip of %i faces on one screen of a phone",
    async (faces) => {
      const { page, problems } = await visit(on.browser, on.mesh.url, PHONE);
      const jobId = await send(page, "group-4");
      await on.publish(extractOf(jobId, faces), ...Object.values(answersOf(jobId, 0)));
      for (let face = 1; face < faces; face++) await on.publish(...Object.values(answersOf(jobId, face)));
      await untilField(page, faces - 1, "match", "done");
      const [photo, tools, film] = await Promise.all(
        [".photo", ".photo-tools", ".film"].map((of) => placeOf(page, of)),
      );
      expect(tools!.top).toBeGreaterThanOrEqual(photo!.bottom);
      expect(film!.bottom).toBeLessThanOrEqual(PHONE.viewport.height);
      const similar = await placeOf(page, '[data-face="0"] .similar');
      expect(similar.top).toBeGreaterThan(tools!.bottom);
      expect(similar.bottom).toBeLessThanOrEqual(film!.top);
      await screenshot(page, `phone-one-screen-${faces}`);

      // Scrolled to the end, photo and filmstrip are where they were.
      await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
      expect((await placeOf(page, ".photo")).top).toBe(0);
      expect((await placeOf(page, ".film")).bottom).toBeLessThanOrEqual(PHONE.viewport.height);
      expect(await accessibilityFaults(page)).toEqual([]);
      // Another photo is seen from its beginning.
      await send(page, "portrait-1");
      await poll(() => page.evaluate(() => scrollY)).toBe(0);
      expect(problems).toEqual([]);
      await page.context().close();
    },
  );
}

const placeOf = (page: Page, selector: string) =>
  page.locator(selector).evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return { top, bottom };
  });
