import type { Browser, Page } from "playwright-core";
import { expect } from "vitest";
import type { TestMesh } from "../../../services/mesh/test/mesh.js";

/** What the suites have in common; there once the first test begins. */
export interface WholeMesh {
  readonly mesh: TestMesh;
  readonly browser: Browser;
}

export const poll = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 60_000 });

/** Two headline times: the job is complete. */
export const untilComplete = (page: Page) =>
  page.locator('.fall-figure[data-known="true"]').nth(1).waitFor({ timeout: 90_000 });

export const untilPictures = (page: Page) =>
  page.waitForFunction(() => document.querySelectorAll('.portrait[data-state="loading"]').length === 0);

/** Answers that are shown, of all faces: of many, a card is built when it comes near the screen. */
export async function shownAnswers(page: Page): Promise<number> {
  let answers = 0;
  for (const card of await page.locator(".face[data-face]").all()) {
    await card.scrollIntoViewIfNeeded();
    await poll(() => card.getAttribute("data-built")).not.toBeNull();
    answers += await card.locator('.field[data-state="done"]').count();
  }
  return answers;
}
