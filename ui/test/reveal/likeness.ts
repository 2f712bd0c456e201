import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { PHONE, accessibilityFaults, screenshot, visit } from "../browser";
import { answersOf, extractOf, resultOf } from "../playedStages";
import { send, untilField, type PlayedMesh } from "./playedMesh";

/** How alike the nearest are, and how sure it is that there is a face at all. */
export function testLikeness(on: PlayedMesh): void {
  it("says how alike in words, on a meter, and by how many strangers in a gallery of this size; the likelihood is in the details", async () => {
    for (const screen of [{}, PHONE]) {
      const { page, problems } = await visit(on.browser, on.mesh.url, screen);
      const jobId = await send(page, "portrait-1");
      await on.publish(extractOf(jobId, 1), ...Object.values(answersOf(jobId, 0)));
      await untilField(page, 0, "match", "done");
      const field = page.locator('[data-face="0"] .field[data-stage="match"]');
      const words = await field.innerText();
      expect(words).toContain("Quite alike: Composite 0");
      expect(words).toContain("In a gallery of 76, one stranger in 13 looks as alike.");
      expect(words).not.toContain("%");
      expect(await portraitsOf(page)).toEqual([
        ["Composite 0", 3, "Quite alike"],
        ["Composite 1", 2, "A little alike"],
        ["Composite 2", 1, "No close match"],
        ["Composite 3", 1, "No close match"],
        ["Composite 4", 1, "No close match"],
      ]);
      const cut = await page
        .locator(".similar-name")
        .evaluateAll((names) =>
          names.filter(({ scrollHeight, clientHeight }) => scrollHeight > clientHeight + 1),
        );
      expect(cut).toHaveLength(0);
      await page.getByRole("button", { name: "Details of face 1" }).click();
      const rows = await page
        .locator(".likeness tbody tr")
        .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
      expect(rows.map(([name, strangers, , similarity]) => [name, strangers, similarity])).toEqual([
        ["Composite 0", "One stranger in 13", "0.37"],
        ["Composite 1", "One stranger in 4", "0.32"],
        ["Composite 2", "Most strangers", "0.20"],
        ["Composite 3", "Most strangers", "0.15"],
        ["Composite 4", "Most strangers", "0.10"],
      ]);
      expect(rows[0]![2]).toMatch(/^76 ?%$/);
      await page.getByText("Figures, models and times").click();
      const details = await page.locator('.details-model[data-stage="match"]').innerText();
      expect(details).toContain("if as many pairs were of one person as of two");
      await page.locator(".likeness").scrollIntoViewIfNeeded();
      await screenshot(page, screen === PHONE ? "likeness-phone" : "likeness");
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(problems).toEqual([]);
      await page.context().close();
    }
  });

  it("has neither words nor meter where nobody has measured the embedder", async () => {
    const { page, problems } = await visit(on.browser, on.mesh.url);
    const jobId = await send(page, "portrait-1");
    const { match: _, ...others } = answersOf(jobId, 0);
    const nearest = { identityId: "i", faceId: "f", name: "Ada", similarity: 0.41, verdict: "uncalibrated" };
    await on.publish(
      extractOf(jobId, 1),
      ...Object.values(others),
      resultOf(jobId, "match", 0, {
        case: "match",
        value: { matches: [nearest], galleryFaces: 76, verdict: "uncalibrated" },
      }),
    );
    await untilField(page, 0, "match", "done");
    expect(await portraitsOf(page)).toEqual([["Ada", 0, "Similarity 0.41"]]);
    expect(await page.locator(".similar .meter").isVisible()).toBe(false);
    await page.getByRole("button", { name: "Details of face 1" }).click();
    expect(await page.locator(".likeness thead").innerText()).not.toContain("Likelihood");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("says how sure it is that a face is one, and of one that is skipped nothing but why", async () => {
    const { page, problems } = await visit(on.browser, on.mesh.url);
    const jobId = await send(page, "group-4");
    const found = extractOf(jobId, 3, { columns: 3, skipped: [2] });
    const { value } = found.outcome as Extract<typeof found.outcome, { case: "extract" }>;
    value.faces![1]!.score = 0.61;
    await on.publish(found);
    for (const face of [0, 1]) await on.publish(...Object.values(answersOf(jobId, face)));
    await untilField(page, 1, "match", "done");
    const card = (face: number) => page.locator(`.face[data-face="${face}"]`);
    expect(await card(0).locator(".face-title").innerText()).toMatch(/^Face 1\s+95% sure it's a face$/);
    expect(await card(1).locator(".face-title").innerText()).toMatch(/Perhaps not a face: only 61% sure$/);
    expect(await card(2).innerText()).toMatch(
      /Too small or blurred to say\.\s+All there is of it is \d+ × \d+ pixels/,
    );
    expect(await card(2).locator('.field:not([data-stage="quality"])').count()).toBe(0);
    expect(await card(2).locator(".similar").count()).toBe(0);
    const strokes = await page
      .locator(".box[data-skipped] rect.box-light")
      .evaluate((rect) => getComputedStyle(rect).strokeDasharray);
    expect(parseFloat(strokes)).toBeLessThan(0.1);
    await card(2).scrollIntoViewIfNeeded();
    await screenshot(page, "skipped-face");
    expect(problems).toEqual([]);
    await page.context().close();
  });
}

/** Of each portrait: the name, how many steps of its meter are lit, and the words. */
const portraitsOf = (page: Page) =>
  page
    .locator('[data-face="0"] .similar-face')
    .evaluateAll((faces) =>
      faces.map((face) => [
        face.querySelector(".similar-name")!.textContent,
        face.querySelectorAll('.meter [data-lit="true"]').length,
        face.querySelector(".similar-words")!.textContent,
      ]),
    );
