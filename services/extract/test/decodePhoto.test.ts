import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decodePhoto } from "@similarfaces/extract";
import { encodeJpeg } from "../src/photo/picture.js";

/** 60x40, red on the left half, blue on the right. */
const RED = [254, 0, 0];
const BLUE = [0, 0, 254];

function halves() {
  const right = { create: { width: 30, height: 40, channels: 3 as const, background: "#0000fe" } };
  return sharp({ create: { width: 60, height: 40, channels: 3, background: "#fe0000" } }).composite([
    { input: right, left: 30, top: 0 },
  ]);
}

async function pixel(bytes: Uint8Array, x: number, y: number): Promise<number[]> {
  const { pixels, width } = await decodePhoto(bytes);
  return Array.from(pixels.subarray((y * width + x) * 3, (y * width + x) * 3 + 3));
}

function near(actual: number[], expected: number[], tolerance = 6): void {
  expect(actual).toHaveLength(3);
  for (const [i, value] of expected.entries())
    expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(tolerance);
}

describe("decodePhoto", () => {
  it.each(["jpeg", "png", "webp", "gif", "tiff", "avif"] as const)("reads %s as RGB rows", async (format) => {
    const bytes = await halves().toFormat(format, { quality: 95 }).toBuffer();
    const picture = await decodePhoto(bytes);
    expect(picture).toMatchObject({ width: 60, height: 40 });
    expect(picture.pixels).toHaveLength(60 * 40 * 3);
    near(await pixel(bytes, 10, 20), RED, 12);
    near(await pixel(bytes, 50, 20), BLUE, 12);
  });

  // EXIF orientation: which corner of the upright photo the stored left half (red) comes to lie at.
  it.each([
    { orientation: 1, size: [60, 40], red: [10, 20] },
    { orientation: 2, size: [60, 40], red: [50, 20] },
    { orientation: 3, size: [60, 40], red: [50, 20] },
    { orientation: 4, size: [60, 40], red: [10, 20] },
    { orientation: 5, size: [40, 60], red: [20, 10] },
    { orientation: 6, size: [40, 60], red: [20, 10] },
    { orientation: 7, size: [40, 60], red: [20, 50] },
    { orientation: 8, size: [40, 60], red: [20, 50] },
  ])("turns a photo of EXIF orientation $orientation upright", async ({ orientation, size, red }) => {
    const bytes = await halves().jpeg({ quality: 95 }).withMetadata({ orientation }).toBuffer();
    const { width, height } = await decodePhoto(bytes);
    expect([width, height]).toEqual(size);
    near(await pixel(bytes, red[0]!, red[1]!), RED, 12);
  });

  it("converts grey, CMYK and 16 bits, and puts transparency on white", async () => {
    const grey = await sharp({ create: { width: 8, height: 8, channels: 3, background: "#808080" } })
      .toColourspace("b-w")
      .png()
      .toBuffer();
    near(await pixel(grey, 4, 4), [128, 128, 128]);
    const cmyk = await halves().toColourspace("cmyk").jpeg({ quality: 95 }).toBuffer();
    const [r, g, b] = await pixel(cmyk, 10, 20);
    expect(r! - Math.max(g!, b!)).toBeGreaterThan(100);
    const deep = await halves().toColourspace("rgb16").png().toBuffer();
    near(await pixel(deep, 10, 20), RED);
    const clear = { r: 0, g: 0, b: 0, alpha: 0 };
    const transparent = await sharp({ create: { width: 8, height: 8, channels: 4, background: clear } })
      .png()
      .toBuffer();
    near(await pixel(transparent, 4, 4), [255, 255, 255]);
  });

  it("takes the first frame of an animation", async () => {
    const frame = (background: string) =>
      sharp({ create: { width: 20, height: 20, channels: 3, background } })
        .png()
        .toBuffer();
    const frames = await Promise.all([frame("#fe0000"), frame("#0000fe")]);
    const bytes = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    expect(await decodePhoto(bytes)).toMatchObject({ width: 20, height: 20 });
    near(await pixel(bytes, 10, 10), RED);
  });

  it("decodes one pixel", async () => {
    const bytes = await sharp({ create: { width: 1, height: 1, channels: 3, background: "#0a141e" } })
      .png()
      .toBuffer();
    expect(await pixel(bytes, 0, 0)).toEqual([10, 20, 30]);
  });

  it("refuses a photo that is cut short, text, and formats that are none of a camera's", async () => {
    const whole = await halves().resize(900, 600).jpeg().toBuffer();
    await expect(decodePhoto(whole.subarray(0, whole.length / 2))).rejects.toMatchObject({
      code: "undecodable_image",
      retryable: false,
    });
    await expect(decodePhoto(Buffer.from("not a photo"))).rejects.toMatchObject({
      code: "undecodable_image",
    });
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>');
    await expect(decodePhoto(svg)).rejects.toMatchObject({ code: "undecodable_image" });
  });

  it("refuses what is beyond 60 megapixels without decoding it", async () => {
    const huge = await sharp({
      create: { width: 10_000, height: 6_100, channels: 3, background: "#fff" },
      limitInputPixels: false,
    })
      .png({ compressionLevel: 1 })
      .toBuffer();
    await expect(decodePhoto(huge)).rejects.toMatchObject({ code: "image_too_large" });
  });
});

describe("encodeJpeg", () => {
  it("leaves out all metadata", async () => {
    const exif = { IFD0: { Copyright: "somebody", Make: "a camera" } };
    const bytes = await halves().withExif(exif).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const stored = await encodeJpeg(await decodePhoto(bytes));
    const { exif: left, icc, orientation, format } = await sharp(stored).metadata();
    expect({ left, icc, orientation, format }).toEqual({
      left: undefined,
      icc: undefined,
      orientation: undefined,
      format: "jpeg",
    });
  });
});
