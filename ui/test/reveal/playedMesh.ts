import type { MessageInitShape, ResultSchema } from "@similarfaces/contracts";
import type { Browser, Page } from "playwright-core";
import { expect } from "vitest";
import type { Mesh } from "../../../gateway/test/meshFixture.js";
import { give, photo } from "../browser";

/** What the suites have in common; there once the first test begins. */
export interface PlayedMesh {
  readonly mesh: Mesh;
  readonly browser: Browser;
  /** One after the other. */
  publish(...results: MessageInitShape<typeof ResultSchema>[]): Promise<void>;
}

export const poll = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 20_000 });

/** Sends the photo as a person does; resolves with its job. */
export const send = async (page: Page, name: string): Promise<string> => {
  await give(page, photo(name));
  await page.waitForURL(/\/jobs\//);
  return page.url().split("/").pop()!;
};

/** The state of every field of a face, by its stage. */
export const fieldsOf = (page: Page, face: number) =>
  page
    .locator(`[data-face="${face}"] .field`)
    .evaluateAll((fields) =>
      Object.fromEntries(
        fields.map((field) => [field.getAttribute("data-stage"), field.getAttribute("data-state")]),
      ),
    );

export const untilField = (page: Page, face: number, stage: string, state: string) =>
  page.locator(`[data-face="${face}"] .field[data-stage="${stage}"][data-state="${state}"]`).waitFor();
