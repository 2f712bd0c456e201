import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { DESKTOP, PHONE, screenshot, visit } from "../browser";
import { answersOf, extractOf, guessOf, resultOf } from "../playedStages";
import { poll, send, type PlayedMesh } from "./playedMesh";

/** What is drawn on the photo, and how a face of it is chosen. */
export function testChoosing(on: PlayedMesh): void {
  it("draws eyes and mouth into the chosen face alone, thinly, and into none that is small on screen", async () => {
    const { page } = await visit(on.browser, on.mesh.url);
    await on.publish(extractOf(await send(page, "group-4"), 2, { columns: 2 }));
    await page.locator(".box").nth(1).waitFor();
    const marks = (face: number) => page.locator(".box").nth(face).locator("path, .box-point").count();
    await poll(() => marks(0)).toBe(2 * 2 + 3);
    expect(await marks(1)).toBe(0);
    const widths = await page
      .locator(".box path")
      .evaluateAll((lines) => lines.map((line) => Number.parseFloat(getComputedStyle(line).strokeWidth)));
    expect(Math.max(...widths)).toBeLessThanOrEqual(2);
    await page.locator(".box").nth(1).click();
    await poll(() => marks(1)).toBe(2 * 2 + 3);
    expect(await marks(0)).toBe(0);
    await page.context().close();

    const phone = await visit(on.browser, on.mesh.url, PHONE);
    await on.publish(extractOf(await send(phone.page, "group-4"), 4));
    await phone.page.locator('.box[data-chosen="true"]').waitFor();
    expect(await phone.page.locator(".box path, .box-point").count()).toBe(0);
    await phone.page.context().close();
  });

  it("words a guess at the face as one, as its card does", async () => {
    const { page } = await visit(on.browser, on.mesh.url);
    const jobId = await send(page, "group-4");
    const emotion = (face: number, probability: number) =>
      resultOf(
        jobId,
        "emotion",
        face,
        guessOf("emotion", ["happy", probability], ["neutral", 1 - probability]),
      );
    await on.publish(
      extractOf(jobId, 2, { columns: 2 }),
      answersOf(jobId, 0).age,
      emotion(0, 0.7),
      emotion(1, 0.5),
    );
    await poll(() => page.locator(".box-tag").allInnerTexts()).toEqual([
      "1\nlooks 31, happy",
      "2\nperhaps happy",
    ]);
    expect(await page.locator('[data-face="1"]').innerText()).toContain("Perhaps happy");
    await page.context().close();
  });

  it("hides no face behind the number of another", async () => {
    const { page } = await visit(on.browser, on.mesh.url);
    const jobId = await send(page, "crowd-48mp");
    await on.publish(extractOf(jobId, 64, { columns: 8 }));
    await page.locator(".box").nth(63).waitFor();
    await poll(() => page.locator(".box-tag").count()).toBeGreaterThan(60);
    const hidden = await page.locator('.box-tag:not([data-chosen="true"])').evaluateAll((tags) => {
      const boxes = [...document.querySelectorAll(".box rect.box-light")].map((box) =>
        box.getBoundingClientRect(),
      );
      return tags.filter((tag) => {
        const { left, right, top, bottom } = tag.getBoundingClientRect();
        return boxes.some(
          (box) => left < box.right && right > box.left && top < box.bottom && bottom > box.top,
        );
      }).length;
    });
    expect(hidden).toBe(0);
    await page.context().close();
  });

  it("takes a tap beside a face for one on it, and none that is far from all", async () => {
    const { page } = await visit(on.browser, on.mesh.url, PHONE);
    await on.publish(extractOf(await send(page, "group-4"), 4));
    const chosen = () => page.locator('.face[data-chosen="true"]').getAttribute("data-face");
    const { x, y, width, height } = await placeOf(page, 2);
    await page.touchscreen.tap(x + width / 2, y + height + 20);
    await poll(chosen).toBe("2");
    const { x: left, y: top } = await placeOf(page, 1);
    await page.touchscreen.tap(left - 18, top + 5);
    await poll(chosen).toBe("1");
    const photo = (await page.locator(".photo-plane > img").boundingBox())!;
    await page.touchscreen.tap(photo.x + 5, photo.y + 5);
    // A second tap tells that the first one was heard, and chose nobody.
    await page.touchscreen.tap(x + width / 2, y - 10);
    await poll(chosen).toBe("2");
    await page.context().close();
  });

  it("numbers faces as they are read, and keeps their indices", async () => {
    const { page } = await visit(on.browser, on.mesh.url);
    const jobId = await send(page, "group-4");
    const result = extractOf(jobId, 4);
    if (result.outcome?.case !== "extract") throw new Error("extract answers with an extract");
    // The largest, index 0, stands last in the row.
    const boxes = result.outcome.value.faces!.map(({ box }) => box!);
    result.outcome.value.faces!.forEach((face, at) => (face.box = boxes[3 - at]!));
    await on.publish(result);
    await page.locator(".box").nth(3).waitFor();
    expect(await page.locator(".face").evaluateAll(facesOf)).toEqual(["3", "2", "1", "0"]);
    expect(await page.locator('[data-face="0"]').getAttribute("aria-label")).toBe("Face 4 of 4");
    expect(await page.locator('.box-tag[data-chosen="true"]').innerText()).toBe("4");
    await page.keyboard.press("ArrowLeft");
    expect(await page.locator('.face[data-chosen="true"]').getAttribute("data-face")).toBe("1");
    await screenshot(page, "numbers");
    await page.context().close();
  });

  it("shows the card of the largest face of a crowd, wherever it is read", async () => {
    for (const options of [DESKTOP, PHONE]) {
      const { page } = await visit(on.browser, on.mesh.url, options);
      const jobId = await send(page, "crowd-48mp");
      const result = extractOf(jobId, 64, { columns: 8 });
      if (result.outcome?.case !== "extract") throw new Error("extract answers with an extract");
      const boxes = result.outcome.value.faces!.map(({ box }) => box!);
      result.outcome.value.faces!.forEach((face, at) => (face.box = boxes[(at + 40) % 64]!));
      await on.publish(result);
      await page.locator('.face[data-face="0"] .field').first().waitFor();
      await poll(() => page.locator('.face[data-face="0"]').evaluate(isCardInList)).toBe(true);
      // It stays there when the cards beside it are built, once nothing more comes.
      for (let face = 0; face < 64; face++) await on.publish(...Object.values(answersOf(jobId, face)));
      await page.locator('.face[data-face="1"] .field').first().waitFor();
      expect(await page.locator('.face[data-face="0"]').evaluate(isCardInList)).toBe(true);
      expect(await page.locator('.face[data-chosen="true"]').getAttribute("data-face")).toBe("0");
      await page.context().close();
    }
  });

  it("of a crowd changes the two cards, boxes and tags that a choice is about, at once, and builds nothing else anew", async () => {
    const { page } = await visit(on.browser, on.mesh.url);
    const jobId = await send(page, "crowd-48mp");
    await on.publish(extractOf(jobId, 64, { columns: 8 }));
    await page.locator(".box").nth(63).waitFor();
    for (const face of [0, 40]) await on.publish(...Object.values(answersOf(jobId, face)));
    await page.waitForFunction(() => document.querySelectorAll(".box").length === 64);
    const changed = await choose(page, 40);
    expect(changed.faces.sort()).toEqual(["0", "40"]);
    expect(changed.boxes).toBe(2);
    expect(changed.tags).toBeLessThanOrEqual(2);
    expect(changed.elsewhere).toEqual([]);
    expect(changed.isCardSeen).toBe(true);
    await page.context().close();
  });
}

/** Its beginning is where the list is seen. */
function isCardInList(card: Element): boolean {
  const list = card.parentElement!.getBoundingClientRect();
  const { top, left } = card.getBoundingClientRect();
  return top >= list.top - 1 && top < list.bottom && left >= list.left - 1 && left < list.right;
}

const facesOf = (cards: Element[]) => cards.map((card) => card.getAttribute("data-face"));

async function placeOf(page: Page, face: number) {
  const box = page.locator(".box").nth(face).locator("rect.box-light");
  await box.waitFor();
  return (await box.boundingBox())!;
}

/** Chooses a face on the photo; what of the page has changed before anything else can happen. */
function choose(page: Page, face: number) {
  return page.evaluate((face) => {
    const box = document.querySelectorAll(".box")[face]!;
    const { left, top, width, height } = box.querySelector("rect")!.getBoundingClientRect();
    const where = { clientX: left + width / 2, clientY: top + height / 2, bubbles: true, button: 0 };
    const observer = new MutationObserver(() => undefined);
    observer.observe(document.querySelector(".workspace")!, {
      subtree: true,
      childList: true,
      attributes: true,
    });
    for (const type of ["pointerdown", "pointerup"]) box.dispatchEvent(new PointerEvent(type, where));
    box.dispatchEvent(new MouseEvent("click", where));
    const targets = observer.takeRecords().map(({ target }) => target as Element);
    const within = (selector: string) =>
      new Set(targets.map((target) => target.closest(selector)).filter((element) => element !== null));
    const card = document.querySelector(`.face[data-face="${face}"]`)!.getBoundingClientRect();
    const list = document.querySelector(".faces")!.getBoundingClientRect();
    return {
      faces: [...within(".face")].map((element) => element.getAttribute("data-face")!),
      boxes: within(".box").size,
      tags: within(".box-tag").size,
      elsewhere: targets
        .filter((target) => !target.closest(".face, .box, .box-tag, .fall"))
        .map((target) => target.outerHTML.slice(0, 80)),
      isCardSeen: card.top < list.bottom && card.bottom > list.top,
    };
  }, face);
}
