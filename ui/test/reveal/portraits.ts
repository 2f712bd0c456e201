import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { expect, it, onTestFinished } from "vitest";
import { extractOf } from "../playedStages";
import { give, visit } from "../browser";
import type { PlayedMesh } from "./playedMesh";

const SIZE = { width: 1_920, height: 1_080 };
const SIDE = 120;
/** Red above, blue below, each turned clockwise; the last is striped, and so near to the first that it is in its portrait. */
const FACES = [
  { x: 400, y: 300, degrees: 0 },
  { x: 900, y: 300, degrees: 30 },
  { x: 1_500, y: 300, degrees: 90 },
  { x: 400, y: 800, degrees: 180 },
  { x: 1_000, y: 800, degrees: -110 },
  { x: 530, y: 300, degrees: 0 },
];
const STRIPED = FACES.length - 1;

/** What the page draws of each face: from its own file, from the server's picture, or nothing. */
export function testPortraits(on: PlayedMesh): void {
  it("cuts each face from its own file, upright, without a request, and hides its neighbours", async () => {
    const { page, problems } = await visit(on.browser, on.mesh.url);
    const pictures = picturesAsked(page);
    await sendDrawn(page, on);
    await page.locator('.face-portrait [data-state="shown"]').nth(STRIPED).waitFor();
    for (const face of FACES.keys()) {
      if (face === STRIPED) continue;
      const [above, below] = [await pixelOf(page, face, 0.5, 0.38), await pixelOf(page, face, 0.5, 0.62)];
      expect(above, `above the middle of face ${face}`).toEqual({ red: true, blue: false });
      expect(below, `below the middle of face ${face}`).toEqual({ red: false, blue: true });
    }
    expect(await contrastOf(page, STRIPED, 0.5)).toBeGreaterThan(150);
    expect(await contrastOf(page, 0, 0.94)).toBeLessThan(40);
    expect(pictures).toEqual([]);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("keeps no decoded photo", async () => {
    const { page } = await visit(on.browser, on.mesh.url);
    await page.evaluate(() => {
      const kept = new Set<ImageBitmap>();
      const create = globalThis.createImageBitmap as (...all: unknown[]) => Promise<ImageBitmap>;
      const { close } = ImageBitmap.prototype;
      Object.assign(globalThis, {
        kept,
        createImageBitmap: async (...all: unknown[]) => {
          const bitmap = await create(...all);
          kept.add(bitmap);
          return bitmap;
        },
      });
      ImageBitmap.prototype.close = function () {
        kept.delete(this);
        close.call(this);
      };
    });
    await sendDrawn(page, on);
    await page.locator('.face-portrait [data-state="shown"]').nth(STRIPED).waitFor();
    await page.waitForFunction(() => (globalThis as unknown as { kept: Set<ImageBitmap> }).kept.size === 0);
    await page.context().close();
  });

  it("takes the server's picture after a reload, once for all faces, and silhouettes where there is none", async () => {
    const { page } = await visit(on.browser, on.mesh.url);
    await sendDrawn(page, on);
    await page.locator('.face-portrait [data-state="shown"]').nth(STRIPED).waitFor();
    const body = await sharp(drawing()).jpeg().toBuffer();
    await page.route("**/photo.jpg", (route) => route.fulfill({ body, contentType: "image/jpeg" }));
    const pictures = picturesAsked(page);
    await page.reload();
    await page.locator('.face-portrait [data-state="shown"]').nth(STRIPED).waitFor();
    expect(await pixelOf(page, 1, 0.5, 0.38)).toEqual({ red: true, blue: false });
    // The frame's, the filmstrip's, and one for the portraits.
    expect(pictures.length).toBeLessThanOrEqual(3);

    await page.unroute("**/photo.jpg");
    await page.route("**/photo.jpg", (route) => route.fulfill({ status: 404, body: "" }));
    await page.reload();
    await page.locator('.face-portrait [data-state="missing"]').nth(STRIPED).waitFor();
    await page.getByRole("img", { name: "Face 1 (no picture)" }).waitFor();
    await page.context().close();
  });
}

/** Pictures of a job that were asked for, from now on. */
function picturesAsked(page: Page): string[] {
  const asked: string[] = [];
  page.on("request", (request) => {
    if (/\/v1\/jobs\/.*\.jpg/.test(request.url())) asked.push(request.url());
  });
  return asked;
}

/** Sends the drawing as a camera held upright writes it, its pixels lying on their side, and finds the faces. */
async function sendDrawn(page: Page, on: PlayedMesh): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "similarfaces-portraits-"));
  // The page reads the file again when it knows the faces.
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "drawn.jpg");
  const lying = await sharp(drawing()).rotate(270).toBuffer();
  await sharp(lying).withMetadata({ orientation: 6 }).jpeg({ quality: 95 }).toFile(file);
  await give(page, file);
  await page.waitForURL(/\/jobs\//);
  const result = extractOf(page.url().split("/").pop()!, FACES.length);
  if (result.outcome?.case !== "extract") throw new Error("extract answers with an extract");
  for (const [index, face] of (result.outcome.value.faces ?? []).entries()) {
    const { x, y, degrees } = FACES[index]!;
    const turn = (degrees * Math.PI) / 180;
    const at = (right: number, down: number) => ({
      x: x + right * Math.cos(turn) - down * Math.sin(turn),
      y: y + right * Math.sin(turn) + down * Math.cos(turn),
    });
    face.box = { x: x - SIDE / 2, y: y - SIDE / 2, width: SIDE, height: SIDE };
    face.landmarks = {
      leftEye: at(-24, -18),
      rightEye: at(24, -18),
      nose: at(0, 10),
      leftMouth: at(-20, 38),
      rightMouth: at(20, 38),
    };
  }
  await on.publish(result);
}

function drawing(): Buffer {
  const half = SIDE / 2;
  const faces = FACES.map(({ x, y, degrees }, index) =>
    index === STRIPED
      ? `<rect x="${x - half}" y="${y - half}" width="${SIDE}" height="${SIDE}" fill="url(#stripes)"/>`
      : `<g transform="translate(${x} ${y}) rotate(${degrees})">
           <rect x="${-half}" y="${-half}" width="${SIDE}" height="${half}" fill="#f00"/>
           <rect x="${-half}" width="${SIDE}" height="${half}" fill="#00f"/></g>`,
  );
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${SIZE.width}" height="${SIZE.height}">
       <pattern id="stripes" width="8" height="8" patternUnits="userSpaceOnUse">
         <rect width="8" height="8" fill="#fff"/><rect width="8" height="4"/></pattern>
       <rect width="100%" height="100%" fill="#888"/>${faces.join("")}</svg>`,
  );
}

/** A place of a portrait, 0..1. */
async function pixelOf(page: Page, face: number, x: number, y: number) {
  const [red = 0, , blue = 0] = await columnOf(page, face, x, [y]).then(([pixel]) => pixel!);
  return { red: red > 180, blue: blue > 180 };
}

/** Between the darkest and the lightest in the middle of a column. */
async function contrastOf(page: Page, face: number, x: number): Promise<number> {
  const places = Array.from({ length: 40 }, (_, at) => 0.4 + at / 200);
  const lights = (await columnOf(page, face, x, places)).map(([, green = 0]) => green);
  return Math.max(...lights) - Math.min(...lights);
}

function columnOf(page: Page, face: number, x: number, places: number[]): Promise<number[][]> {
  return page.locator(`[data-face="${face}"] canvas`).evaluate(
    (canvas: HTMLCanvasElement, { x, places }) => {
      const context = canvas.getContext("2d")!;
      const { width, height } = canvas;
      return places.map((y) => [
        ...context.getImageData(Math.floor(x * width), Math.floor(y * height), 1, 1).data,
      ]);
    },
    { x, places },
  );
}
