import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { PHONE, accessibilityFaults, give, photo, screenshot, visit } from "../browser";
import { dragIn } from "../dragging";
import { poll, untilComplete, untilPictures, type WholeMesh } from "./wholeMesh";

/** What is seen of a photo, from its first box to its last portrait, on any screen. */
export function testShownFaces(on: WholeMesh): void {
  it("takes a dropped photo to the end: boxes, six answers per face, five portraits, two times", async () => {
    const { page, problems } = await visit(on.browser, on.mesh.url);
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await screenshot(page, "welcome");
    expect(await accessibilityFaults(page)).toEqual([]);
    await recordAppearances(page);
    await dragIn(page, [photo("group-4")], "over");
    await page.getByText("Drop to analyse").waitFor();
    await screenshot(page, "dragging");
    await dragIn(page, [photo("group-4")], "drop");
    await untilComplete(page);
    expect(page.url()).toMatch(/\/jobs\/[0-9a-z]{36}$/);
    expect(await page.locator("h1").innerText()).toBe("4 faces");
    expect(await page.locator(".box").count()).toBe(4);
    expect(await page.locator('.field[data-state="done"]').count()).toBe(4 * 6);
    expect(await page.locator(".similar-face").count()).toBe(4 * 5);
    await untilPictures(page);
    expect(await page.locator('.portrait[data-state="missing"]').count()).toBe(0);
    // What models look at is shown to nobody: every face is a portrait, cut from its photo.
    expect(
      asked.filter((path) => /\/faces(\.jpg|\/)/.test(path) && !path.startsWith("/v1/gallery/")),
    ).toEqual([]);

    // What was seen first: the photo, then the boxes, then the fields of each stage on their own.
    const seen = await appearances(page);
    expect(seen.slice(0, 2)).toEqual(["photo", "box"]);
    expect(seen.filter((what) => what.startsWith("0 ")).sort()).toEqual([
      "0 attributes",
      "0 emotion",
      "0 match",
      "0 quality",
    ]);
    await screenshot(page, "complete-light");
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole("button", { name: "Dark theme" }).click();
    await screenshot(page, "complete-dark");
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole("button", { name: "Details of face 1" }).click();
    await screenshot(page, "details-dark");
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("makes the picture of the README: the reveal on its way", async () => {
    const size = { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1.5 };
    const { page } = await visit(on.browser, on.mesh.url, size);
    // A third of the answers; what comes after them waits until the picture is taken.
    await page.routeWebSocket(/\/v1\/live/, (socket) => {
      const server = socket.connectToServer();
      let messages = 0;
      socket.onMessage((message) => server.send(message));
      server.onMessage((message) => {
        if (isAboutAnalyzers(message) || messages++ < 34) socket.send(message);
      });
    });
    await page.reload();
    await give(page, photo("group-18"));
    await poll(() => page.locator('[data-face="0"] .field[data-state="done"]').count()).toBe(6);
    await page.waitForFunction(
      () => document.querySelectorAll('[data-face="0"] .portrait:not([data-state="shown"])').length === 0,
    );
    const file = fileURLToPath(new URL("../../screenshots/reveal.jpg", import.meta.url));
    await page.screenshot({ path: file, type: "jpeg", quality: 82 });
    expect((await stat(file)).size).toBeLessThan(300_000);
    await page.context().close();
  });

  it("says so when there is no face, and copes with a crowd in 48 megapixels", async () => {
    const { page, problems } = await visit(on.browser, on.mesh.url);
    await give(page, photo("nobody"));
    await page.getByText("There's no face in this photo.").waitFor();
    await screenshot(page, "nobody");
    await give(page, photo("crowd-48mp"));
    await poll(() => page.locator(".box").count()).toBeGreaterThan(30);
    await untilComplete(page);
    await screenshot(page, "crowd-48mp");
    await page.keyboard.press("z");
    await poll(() => page.locator(".photo").getAttribute("data-zoomed")).toBe("true");
    await screenshot(page, "crowd-48mp-face");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("fits a phone and a 4K screen, without motion where none is wanted", async () => {
    for (const [name, options] of [
      ["phone-dark", { ...PHONE, colorScheme: "dark" }],
      ["4k", { viewport: { width: 3840, height: 2160 }, reducedMotion: "reduce" }],
      ["wide", { viewport: { width: 2560, height: 1440 } }],
      ["tablet", { viewport: { width: 768, height: 1024 } }],
      ["small-laptop", { viewport: { width: 1024, height: 640 } }],
      ["laptop", { viewport: { width: 1360, height: 900 } }],
    ] as const) {
      const { page, problems } = await visit(on.browser, on.mesh.url, options);
      await give(page, photo("group-18"));
      await untilComplete(page);
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
      ).toBeLessThanOrEqual(0);
      // The words at a face near the photo's edge end before it.
      const cut = await page.locator(".box-tag").evaluateAll((tags) => {
        const edge = document.querySelector(".boxes")!.getBoundingClientRect().right;
        return tags
          .filter((tag) => tag.getBoundingClientRect().right > edge + 1)
          .map((tag) => tag.textContent);
      });
      expect(cut).toEqual([]);
      // The longest label ("Latino or Hispanic") is read whole.
      const labels = await page
        .locator(".bars-label")
        .evaluateAll((all) =>
          all
            .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
            .map((label) => label.textContent),
        );
      expect(labels).toEqual([]);
      if (name === "4k") {
        const moving = await page.evaluate(
          () =>
            document.getAnimations().filter(({ effect }) => {
              const { duration } = effect!.getComputedTiming();
              return Number(duration) > 1;
            }).length,
        );
        expect(moving).toBe(0);
      }
      await untilPictures(page);
      await screenshot(page, name);
      expect(problems).toEqual([]);
      await page.context().close();
    }
  });
}

/** Notes what comes on screen, in order: the photo, the first box, every field that is filled. */
async function recordAppearances(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen: string[] = [];
    Object.assign(globalThis, { seen });
    const note = (what: string) => void (seen.includes(what) || seen.push(what));
    new MutationObserver(() => {
      if (document.querySelector(".photo-plane > img")) note("photo");
      if (document.querySelector(".box")) note("box");
      for (const field of document.querySelectorAll('.face[data-face] .field[data-state="done"]')) {
        note(`${field.closest(".face")!.getAttribute("data-face")} ${field.getAttribute("data-stage")}`);
      }
    }).observe(document.body, { childList: true, subtree: true, attributes: true });
  });
}

function appearances(page: Page): Promise<string[]> {
  return page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen);
}

const isAboutAnalyzers = (message: string | Buffer) => String(message).startsWith('{"type":"analyzers"');
