import { readFile } from "node:fs/promises";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import type { Extracted } from "@similarfaces/contracts";
import { PHOTOS, openExtract, sample } from "./openExtract.js";

/** Centre x, centre y, width of every face, by the composites' maker. */
type Truth = Record<string, [number, number, number][]>;

let truth: Truth;
beforeAll(async () => {
  truth = JSON.parse(await readFile(`${PHOTOS}/truth.json`, "utf8")) as Truth;
});
const { extract } = openExtract();

describe("extract", () => {
  it.each([
    { name: "portrait-1", faces: 1 },
    { name: "portrait-2", faces: 1 },
    { name: "portrait-3", faces: 1 },
    { name: "group-4", faces: 4 },
    { name: "group-18", faces: 18 },
    { name: "closeup", faces: 1 },
    { name: "nobody", faces: 0 },
  ])("finds the faces of $name and nothing else", async ({ name, faces }) => {
    const { extracted, faces: work } = await extract({ photo: await sample(name) });
    expect(extracted.turned).toBe(0);
    expect(extracted.faces).toHaveLength(faces);
    if (faces > 0) expect(found(extracted, name)).toBe(faces);
    expect(work).toHaveLength(faces);
  });

  it("finds the faces of 45 pixels in a photo of 48 megapixels, the 64 largest of them analysed", async () => {
    const { extracted } = await extract({ photo: await sample("crowd-48mp") });
    const faces = truth["crowd-48mp"]!;
    expect(extracted.faces).toHaveLength(64);
    // Within a twentieth of the truth, so that neither misses nor false alarms go unnoticed.
    expect(Math.abs(64 + extracted.facesOmitted - faces.length)).toBeLessThanOrEqual(faces.length / 20);
    expect(found(extracted, "crowd-48mp")).toBeGreaterThanOrEqual(62);
    const areas = extracted.faces.map(({ box }) => box!.width * box!.height);
    expect(areas).toEqual(areas.toSorted((a, b) => b - a));
    expect(extracted.faces.map(({ index }) => index)).toEqual(Array.from({ length: 64 }, (_, i) => i));
  });

  it("says how many faces are beyond the job's own limit", async () => {
    const { extracted, faces } = await extract({
      photo: await sample("group-18"),
      work: { options: { facesMax: 5 } },
    });
    expect(extracted.faces).toHaveLength(5);
    expect(extracted.facesOmitted).toBe(13);
    expect(faces).toHaveLength(5);
  });

  it("gives boxes in pixels of the upright photo, however the camera was held", async () => {
    const upright = await sample("group-4");
    // Stored turned by 90 degrees against the clock: orientation 6 turns it back.
    const turned = await sharp(upright)
      .rotate(-90)
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 95 })
      .toBuffer();
    const { extracted } = await extract({ photo: turned });
    expect(extracted.size).toMatchObject({ width: 1920, height: 1080 });
    expect(found(extracted, "group-4")).toBe(4);
  });

  it.each([90, 180, 270])(
    "says how a photo without EXIF data that lies by %i degrees stands upright, and leaves its boxes where they are",
    async (degrees) => {
      const lying = await sharp(await sample("group-4"))
        .rotate(degrees)
        .jpeg({ quality: 95 })
        .toBuffer();
      const { extracted } = await extract({ photo: lying });
      expect(extracted.turned).toBe(360 - degrees);
      expect(extracted.size).toMatchObject(
        degrees === 180 ? { width: 1920, height: 1080 } : { width: 1080, height: 1920 },
      );
      const middles = extracted.faces.map(
        ({ box }) => [box!.x + box!.width / 2, box!.y + box!.height / 2] as const,
      );
      for (const [x, y, width] of truth["group-4"]!) {
        const [across, down] =
          degrees === 90 ? [1080 - y, x] : degrees === 180 ? [1920 - x, 1080 - y] : [y, 1920 - x];
        const apart = middles.map(([atX, atY]) => Math.hypot(atX - across, atY - down));
        expect(Math.min(...apart)).toBeLessThan(width / 2);
      }
    },
  );

  it("finds a face whose chip reaches beyond the border, and repeats the border there", async () => {
    const [x, y, width] = truth["portrait-1"]![0]!;
    const left = Math.round(x - 0.55 * width);
    const top = Math.round(y - 0.6 * width);
    const side = Math.round(1.3 * width);
    const cut = await sharp(await sample("portrait-1"))
      .extract({ left, top, width: side, height: side })
      .jpeg({ quality: 95 })
      .toBuffer();
    const { extracted, faces } = await extract({ photo: cut });
    expect(extracted.faces).toHaveLength(1);
    const { box } = extracted.faces[0]!;
    expect(box!.x).toBeGreaterThanOrEqual(0);
    expect(box!.x + box!.width).toBeLessThanOrEqual(side);
    // Black corners would be zeros.
    expect(Math.max(...faces[0]!.chip.subarray(0, 30))).toBeGreaterThan(0);
  });

  it("aligns chips: detected again in its own chip, the eyes lie where the frame wants them", async () => {
    const { faces } = await extract({ photo: await sample("portrait-2") });
    const raw = { raw: { width: 112, height: 112, channels: 3 as const } };
    const large = await sharp(Buffer.from(faces[0]!.chip), raw)
      .resize(336, 336)
      .jpeg({ quality: 95 })
      .toBuffer();
    const { extracted } = await extract({ photo: large });
    const { leftEye, rightEye } = extracted.faces[0]!.landmarks!;
    expect(leftEye!.x / 3).toBeCloseTo(38.3, -1);
    expect(leftEye!.y / 3).toBeCloseTo(51.7, -1);
    expect(rightEye!.x / 3).toBeCloseTo(73.5, -1);
  });
});

/** How many of the true faces have a box whose centre lies within a third of their width. */
function found({ faces }: Extracted, name: string): number {
  return truth[name]!.filter(([x, y, width]) =>
    faces.some(
      ({ box }) => box && Math.hypot(box.x + box.width / 2 - x, box.y + box.height / 2 - y) < width / 3,
    ),
  ).length;
}
