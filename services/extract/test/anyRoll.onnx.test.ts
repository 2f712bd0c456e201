import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { Face } from "@similarfaces/contracts";
import { centreOf, pointsOf } from "@similarfaces/vision";
import { landmarksOf } from "../src/faces/extracted.js";
import { MODELS, openExtract, sample } from "./openExtract.js";

const { extract, embeddingOf } = openExtract("embed");

/** A portrait of the samples on grey, turned clockwise about its middle. */
async function tilted(portrait: string, degrees: number): Promise<Buffer> {
  const small = await sharp(`${MODELS}/samples/${portrait}.jpg`)
    .resize(560, 560, { fit: "inside", withoutEnlargement: true })
    .toBuffer();
  const turned = await sharp(small).rotate(degrees, { background: "#777" }).toBuffer();
  return wallWith(turned, 800);
}

/** Square and grey, with a picture in its middle. */
async function wallWith(picture: Buffer, side: number): Promise<Buffer> {
  const wall = sharp({ create: { width: side, height: side, channels: 3, background: "#777" } });
  return wall
    .composite([{ input: picture, gravity: "centre" }])
    .jpeg({ quality: 95 })
    .toBuffer();
}

const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/** Mean distance of the five points from those of the upright face, turned with its photo about the middle; in distances between the eyes. */
function pointsOff(face: Face, upright: Face, degrees: number, side: number): number {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin, middle] = [Math.cos(angle), Math.sin(angle), (side - 1) / 2];
  const expected = pointsOf(landmarksOf(upright)).map(({ x, y }) => ({
    x: cos * (x - middle) - sin * (y - middle) + middle,
    y: sin * (x - middle) + cos * (y - middle) + middle,
  }));
  const apart = pointsOf(landmarksOf(face)).map(({ x, y }, i) =>
    Math.hypot(x - expected[i]!.x, y - expected[i]!.y),
  );
  const { leftEye, rightEye } = landmarksOf(upright);
  const eyes = Math.hypot(rightEye.x - leftEye.x, rightEye.y - leftEye.y);
  return apart.reduce((sum, distance) => sum + distance, 0) / apart.length / eyes;
}

const PORTRAITS = [
  "gallery/composite-010",
  "gallery/composite-033",
  "gallery/composite-061",
  "photos/portrait-1",
  "photos/portrait-2",
  "photos/portrait-3",
];

describe.each(PORTRAITS)("%s", (portrait) => {
  it.each([0, 10, 20, 30, 45, 90, 180, 270])(
    "tilted by %i degrees is the same face, its points turned along",
    async (degrees) => {
      const upright = await extract({ photo: await tilted(portrait, 0) });
      const { extracted, faces } = await extract({ photo: await tilted(portrait, degrees) });
      expect(extracted.faces).toHaveLength(1);
      expect(pointsOff(extracted.faces[0]!, upright.extracted.faces[0]!, degrees, 800)).toBeLessThan(0.05);
      const [own, other] = [await embeddingOf(faces[0]!.chip), await embeddingOf(upright.faces[0]!.chip)];
      expect(cosine(own, other)).toBeGreaterThan(0.85);
      // A quarter turn of its only face is the photo's.
      expect(extracted.turned).toBe(degrees % 90 === 0 ? (360 - degrees) % 360 : 0);
    },
  );
});

describe("a photo that is turned", () => {
  it.each([90, 180, 270])(
    "by %i degrees has the faces of the upright one, in its own pixels, and says so",
    async (degrees) => {
      const photo = await sample("group-4");
      const upright = await extract({ photo });
      const turned = await sharp(photo).rotate(degrees).jpeg({ quality: 95 }).toBuffer();
      const { width = 0, height = 0 } = await sharp(turned).metadata();
      const { extracted, faces } = await extract({ photo: turned });
      expect(extracted.turned).toBe(360 - degrees);
      expect(extracted.size).toMatchObject({ width, height });
      expect(extracted.faces).toHaveLength(4);
      const places = extracted.faces.map(({ box }) => centreOf(box!));
      for (const { face, chip } of upright.faces) {
        const box = upright.extracted.faces[face]!.box!;
        const { x, y } = turnedPoint(centreOf(box), degrees, { width, height });
        const found = places.findIndex((place) => Math.hypot(place.x - x, place.y - y) < box.width / 10);
        expect(cosine(await embeddingOf(chip), await embeddingOf(faces[found]!.chip))).toBeGreaterThan(0.9);
      }
    },
  );

  it("is not said to be where its faces do not agree", async () => {
    const photo = sharp(await sample("group-4"));
    // Two faces each: one half of the photo stands on its head.
    const half = { left: 0, top: 0, width: 960, height: 1080 };
    const overhead = await photo.clone().extract(half).rotate(180).toBuffer();
    const both = await photo
      .clone()
      .composite([{ input: overhead, left: 0, top: 0 }])
      .jpeg({ quality: 95 })
      .toBuffer();
    const { extracted } = await extract({ photo: both });
    expect(extracted.faces).toHaveLength(4);
    expect(extracted.turned).toBe(0);
  });
});

/** Where a point of a photo lies once the photo has been turned clockwise to this size. */
function turnedPoint(
  { x, y }: { x: number; y: number },
  degrees: number,
  { width, height }: { width: number; height: number },
): { x: number; y: number } {
  if (degrees === 90) return { x: width - y, y: x };
  return degrees === 180 ? { x: width - x, y: height - y } : { x: y, y: height - x };
}
