import { Worker } from "node:worker_threads";
import sharp, { type Sharp } from "sharp";
import { describe, expect, it, onTestFinished } from "vitest";
import { ImageWorkSchema, create } from "@similarfaces/contracts";
import { decodePhoto } from "@similarfaces/extract";
import { weightOf } from "../src/photo/weight.js";
import { bigTileTiff, flatPng, framesAvif, framesGif, framesWebp, scansJpeg } from "./bombs.js";

/** What is refused by its structure is refused at once; what has to be tried ends with the limit of its decode. */
async function refusal(bytes: Uint8Array, size?: { width: number; height: number }) {
  return decodePhoto(bytes, size ? { size } : {}).then(
    ({ width, height }) => `decoded, ${width} by ${height}`,
    (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
  );
}

describe("a small file that is much work", () => {
  it("of one pixel's width and very many rows is refused by its side, as libvips sees it", async () => {
    for (const [width, height] of [
      [1, 20_001],
      [20_001, 1],
    ] as const) {
      expect(await refusal(await flatPng(width, height))).toBe(
        `image_too_large: The photo is ${width} by ${height} pixels; send one of at most 60 megapixels and 20000 on a side.`,
      );
    }
    expect(await decodePhoto(await flatPng(1, 20_000))).toMatchObject({ width: 1, height: 20_000 });
  });

  it("that is larger than its header said is refused: it was let in among small ones", async () => {
    const gif = framesGif(1, [10_000, 6_000]);
    expect(await refusal(gif, { width: 16, height: 16 })).toBe(
      "undecodable_image: The file says 16 by 16 pixels and holds 10000 by 6000; export the photo again.",
    );
    expect(await refusal(framesGif(1, [60_000, 60_000]))).toMatch(/^image_too_large: /);
  });

  it("of eight hundred scans is refused, one of a hundred is not", async () => {
    const bomb = scansJpeg(10_000, 6_000, 800);
    expect(bomb.length).toBeLessThan(200_000);
    expect(await refusal(bomb)).toMatch("undecodable_image: The photo is made of more than 100 scans");
    // A decoder looks for the next marker wherever it may be, and so does the count.
    const [start, rest] = [bomb.subarray(0, 2), bomb.subarray(2)];
    expect(await refusal(Buffer.concat([start, Buffer.from("junk\xff\0", "latin1"), rest]))).toMatch("scans");
    expect(await decodePhoto(scansJpeg(800, 600, 100))).toMatchObject({ width: 800, height: 600 });
  });

  it("of very many frames is refused as a WebP, and a GIF of as many gives its first", async () => {
    expect(await refusal(await framesWebp(200_000))).toMatch("more than 5000 frames");
    expect(await decodePhoto(await framesWebp(1_000))).toMatchObject({ width: 16, height: 16 });
    expect(await decodePhoto(framesGif(200_000))).toMatchObject({ width: 16, height: 16 });
  });

  it("of a thousand frames in one AVIF ends with its processor time, and its process with it", async () => {
    const bomb = await framesAvif(1_000, 1_000, 20_000);
    const before = process.cpuUsage();
    expect(await refusal(bomb)).toBe(
      "undecodable_image: Decoding the photo takes too long; export it again, as a JPEG.",
    );
    // It was not spent here.
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1e6).toBeLessThan(2);
  });

  it("of one huge tile is refused", async () => {
    expect(await refusal(bigTileTiff())).toMatch(/^undecodable_image/);
  });

  it("is called off with its stage", async () => {
    const stop = new AbortController();
    const decoding = decodePhoto(await framesAvif(1_000, 1_000, 20_000), { signal: stop.signal });
    setTimeout(() => stop.abort(), 100);
    await expect(decoding).rejects.toThrow("aborted");
  });
});

describe("an honest photo of 60 megapixels", () => {
  const formats: Record<string, (photo: Sharp) => Sharp> = {
    "baseline JPEG": (photo) => photo.jpeg(),
    "progressive JPEG": (photo) => photo.jpeg({ progressive: true }),
    PNG: (photo) => photo.png({ compressionLevel: 1 }),
    "interlaced PNG": (photo) => photo.png({ compressionLevel: 1, progressive: true }),
    WebP: (photo) => photo.webp({ effort: 0 }),
    AVIF: (photo) => photo.avif({ effort: 0 }),
    TIFF: (photo) => photo.tiff({ compression: "lzw" }),
  };

  it.each(Object.keys(formats))("passes on busy cores: %s", async (format) => {
    const pattern = Buffer.from(Array.from({ length: 50 * 30 * 3 }, (_, i) => (i * 2654435761) >>> 24));
    const photo = sharp(pattern, { raw: { width: 50, height: 30, channels: 3 } })
      .resize(2_500, 1_500)
      .resize(10_000, 6_000, { kernel: "nearest" });
    const bytes = await formats[format]!(photo).toBuffer();
    const busy = [0, 1].map(() => new Worker("for (;;);", { eval: true }));
    onTestFinished(async () => void (await Promise.all(busy.map((worker) => worker.terminate()))));
    expect(await decodePhoto(bytes)).toMatchObject({ width: 10_000, height: 6_000 });
  });

  it("passes on busy cores: GIF", async () => {
    expect(await decodePhoto(framesGif(1, [10_000, 6_000]))).toMatchObject({ width: 10_000, height: 6_000 });
  });
});

describe("a photo's weight", () => {
  const weight = (width: number, height: number, contentType = "image/jpeg") =>
    weightOf(create(ImageWorkSchema, { contentType, size: { width, height } }));

  it("is that of any other up to 20 megapixels, its pixels beyond, and an AVIF is heavy at any size", () => {
    expect(weight(4_000, 3_000)).toBe(1);
    expect(weight(5_000, 4_000)).toBe(1);
    expect(weight(10_000, 6_000)).toBe(3);
    expect(weight(1, 1, "image/avif")).toBeGreaterThan(1);
    expect(weightOf(create(ImageWorkSchema, {}))).toBe(1);
  });
});
