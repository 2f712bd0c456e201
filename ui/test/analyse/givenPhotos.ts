import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { accessibilityFaults, give, photo, screenshot, visit } from "../browser";
import { dragIn } from "../dragging";
import { poll, untilComplete, type WholeMesh } from "./wholeMesh";

const MIB = 2 ** 20;

/** Every way to give the page a photo, and what is none. */
export function testGivenPhotos(on: WholeMesh): void {
  let folder: string;
  beforeAll(async () => {
    folder = await badFiles();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const bad = (name: string) => join(folder, name);

  it("tells how many bytes are sent on a slow line", async () => {
    const { page } = await visit(on.browser, on.mesh.url);
    const client = await page.context().newCDPSession(page);
    const slow = { offline: false, latency: 20, downloadThroughput: -1, uploadThroughput: 60_000 };
    await client.send("Network.emulateNetworkConditions", slow);
    await give(page, photo("group-4"));
    await page.getByText(/^\d+ kB of 235 kB$/).waitFor();
    await page.locator(".photo-plane > img").waitFor();
    await screenshot(page, "sending");
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.waitForURL(/\/jobs\//);
    await page.context().close();
  });

  it("says what is wrong with a folder, a PDF, an empty file, a text and a damaged photo, and goes on", async () => {
    const { page, problems } = await visit(on.browser, on.mesh.url);
    await dragIn(page, [bad("holiday"), photo("portrait-2")], "drop");
    await page.getByText("holiday is a folder.").waitFor();
    await poll(() => page.locator("h1").innerText()).toBe("1 face");
    expect(await page.getByText("holiday is a folder.").count()).toBe(1);
    await screenshot(page, "refused-folder");
    for (const [file, sentence] of [
      ["letter.pdf", "letter.pdf is a PDF."],
      ["empty.jpg", "empty.jpg is empty."],
      ["note.jpg", "Can't open note.jpg."],
      ["phone.heic", "This browser can't open HEIC photos."],
      ["huge.jpg", "huge.jpg is too big (21.1 MB)."],
      ["cut.jpg", "Can't analyse this photo."],
    ] as const) {
      await give(page, bad(file));
      await page.getByText(sentence).waitFor();
      // Of what isn't sent, no answer is promised.
      if (file !== "cut.jpg") expect(await page.locator(".photo-missing").count()).toBe(0);
      if (file === "letter.pdf") {
        await screenshot(page, "refused-pdf");
        expect(await accessibilityFaults(page)).toEqual([]);
      }
    }
    await screenshot(page, "damaged");
    await give(page, photo("portrait-1"));
    await poll(() => page.locator("h1").innerText()).toBe("1 face");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("takes forty photos at once, a few under way at a time", async () => {
    const { page, problems } = await visit(on.browser, on.mesh.url);
    await give(page, ...Array.from({ length: 40 }, (_, at) => photo(`portrait-${(at % 3) + 1}`)));
    expect(await page.locator(".film-frame").count()).toBe(40);
    await page.locator('.film-frame[data-state="complete"]').first().waitFor();
    await screenshot(page, "forty");
    await poll(() => page.locator('.film-frame[data-state="complete"]').count()).toBe(40);
    await page.locator(".film-frame").last().click();
    await untilComplete(page);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("takes an example, a pasted picture, one dragged from a page, and the camera's", async () => {
    const { page, problems } = await visit(on.browser, on.mesh.url);
    await page.getByRole("button", { name: "One face" }).click();
    await poll(() => page.locator("h1").innerText()).toBe("1 face");

    const bytes = (await readFile(photo("portrait-2"))).toString("base64");
    await page.evaluate((base64) => {
      const data = new DataTransfer();
      const decoded = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      data.items.add(new File([decoded], "pasted.jpg", { type: "image/jpeg" }));
      document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
    }, bytes);
    await poll(() => page.locator(".film-frame").count()).toBe(2);
    await poll(() => page.locator("h1").innerText()).toBe("1 face");

    // From a page of this site: its bytes may be read. From another: they may not, and that is said.
    await dropHtml(page, `<img src="/v1/jobs/${page.url().split("/").pop()}/photo.jpg">`);
    await poll(() => page.locator(".film-frame").count()).toBe(3);
    await dropHtml(page, '<img src="https://example.org/photo.jpg">');
    await page.getByText("Can't take a picture straight from another website").waitFor();

    await page.goto(on.mesh.url);
    await page.getByRole("button", { name: "Take a photo" }).click();
    const take = page.getByRole("button", { name: "Take the photo" });
    await take.and(page.locator(":enabled")).waitFor();
    await screenshot(page, "camera");
    expect(await accessibilityFaults(page)).toEqual([]);
    await take.click();
    await page.getByText("There's no face in this photo.").waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });
}

async function badFiles(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "similarfaces-photos-"));
  const jpeg = await readFile(photo("portrait-1"));
  await mkdir(join(dir, "holiday"));
  await writeFile(join(dir, "letter.pdf"), "%PDF-1.7\n");
  await writeFile(join(dir, "empty.jpg"), "");
  await writeFile(join(dir, "note.jpg"), "not a photo at all");
  await writeFile(join(dir, "phone.heic"), "\0\0\0\x18ftypheic\0\0\0\0mif1heic and nothing that decodes");
  await writeFile(join(dir, "huge.jpg"), Buffer.concat([jpeg, Buffer.alloc(20.1 * MIB - jpeg.length)]));
  // The header is whole, the picture is not.
  await writeFile(join(dir, "cut.jpg"), jpeg.subarray(0, 700));
  return dir;
}

/** As a picture that is dragged from a page: no file, but the piece of HTML that it is. */
async function dropHtml(page: Page, html: string): Promise<void> {
  await page.evaluate((piece) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.setData("text/html", piece);
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
  }, html);
}
