import { readFile, readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp, { type JpegOptions } from "sharp";
import { describe, expect, it } from "vitest";
import { decodePhoto } from "@similarfaces/extract";
import { plainJpeg } from "../src/photo/plainJpeg.js";
import { rebuildJpeg } from "../src/jpeg/rebuildJpeg.js";
import { HIDING, SECRET, partsOf } from "./hidingPlaces.js";

const SAMPLES = fileURLToPath(new URL("../../../models/samples/photos", import.meta.url));

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function noise({ width, height, random }: { width: number; height: number; random: () => number }) {
  const small = Buffer.from(Array.from({ length: 40 * 30 * 3 }, () => Math.floor(random() * 256)));
  return sharp(small, { raw: { width: 40, height: 30, channels: 3 } }).resize(width, height, { fit: "fill" });
}

const ENCODERS: JpegOptions[] = [
  {},
  { progressive: true },
  { chromaSubsampling: "4:4:4", optimiseCoding: true },
  { mozjpeg: true },
  { quality: 30 },
];

describe("a JPEG that is kept", () => {
  it.each(Object.keys(HIDING))("takes nothing along in %s", async (name) => {
    for (let seed = 1; seed <= 10; seed++) {
      const random = randomOf(seed);
      const size = { width: 17 + Math.floor(random() * 150), height: 17 + Math.floor(random() * 150) };
      const upload = await noise({ ...size, random })
        .jpeg(ENCODERS[seed % ENCODERS.length]!)
        .toBuffer();
      const hiding = HIDING[name]!(partsOf(upload), random);
      expect(hiding.includes(SECRET.slice(0, 4))).toBe(true);
      const plain = await plainJpeg(hiding).catch(() => undefined);
      if (!plain) continue;
      const kept = Buffer.from(plain);
      for (let from = 0; from + 4 <= SECRET.length; from += 4) {
        expect(kept.includes(SECRET.slice(from, from + 4))).toBe(false);
      }
      // And nothing of the picture is lost.
      expect(Buffer.compare((await decodePhoto(plain)).pixels, (await decodePhoto(upload)).pixels)).toBe(0);
    }
  });

  it("is kept whatever says something about it, not encoded anew", async () => {
    const upload = await noise({ width: 99, height: 77, random: randomOf(1) })
      .jpeg()
      .toBuffer();
    const kept = [
      "an application segment, anywhere",
      "a comment, anywhere",
      "the thumbnail of a JFIF segment",
      "a JFXX segment",
      "behind the fields of an Adobe segment",
      "a table that no scan reads",
      "fill bytes and what follows the end",
    ];
    for (const name of kept) {
      expect([name, await plainJpeg(HIDING[name]!(partsOf(upload), randomOf(2)))]).not.toContain(undefined);
    }
  });

  it("is the same picture, of any encoder and size, and rebuilding it again changes nothing", async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = randomOf(seed);
      const size = { width: 1 + Math.floor(random() * 200), height: 1 + Math.floor(random() * 200) };
      const photo = noise({ ...size, random });
      const upload = await (seed % 7 === 0 ? photo.toColourspace("b-w") : photo)
        .jpeg(ENCODERS[seed % ENCODERS.length]!)
        .toBuffer();
      const rebuilt = rebuildJpeg(upload)!;
      expect(rebuilt).toBeDefined();
      expect(
        Buffer.compare((await decodePhoto(rebuilt.bytes)).pixels, (await decodePhoto(upload)).pixels),
      ).toBe(0);
      expect(Buffer.compare(rebuildJpeg(rebuilt.bytes)!.bytes, rebuilt.bytes)).toBe(0);
    }
  });

  it("is never longer than it came, and every sample is kept", async () => {
    for (const name of (await readdir(SAMPLES)).filter((file) => file.endsWith(".jpg"))) {
      const upload = await readFile(`${SAMPLES}/${name}`);
      const rebuilt = rebuildJpeg(upload);
      expect(rebuilt!.bytes.length).toBeLessThanOrEqual(upload.length);
      expect(rebuilt!.scans).toBe(1);
    }
  });

  it("of bytes that were changed anywhere is one that decoders open, or is encoded anew", async () => {
    const random = randomOf(99);
    const upload = await noise({ width: 64, height: 48, random }).jpeg().toBuffer();
    for (let round = 0; round < 500; round++) {
      const broken = Buffer.from(upload);
      for (let i = 0; i < 3; i++) broken[Math.floor(random() * broken.length)] = Math.floor(random() * 256);
      const rebuilt = rebuildJpeg(broken);
      if (!rebuilt) continue;
      expect(Buffer.compare(rebuildJpeg(rebuilt.bytes)!.bytes, rebuilt.bytes)).toBe(0);
    }
  });
});
