import { readFile } from "node:fs/promises";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import {
  ENROLMENT_FLOOR,
  QUALITY,
  ResultSchema,
  create,
  resultToJson,
  scoreOf,
  type Extracted,
  type Face,
  type Result,
} from "@similarfaces/contracts";
import { jobBlobKey } from "@similarfaces/runtime";
import { MODELS, openExtract, sample } from "./openExtract.js";

const { blobs, extract } = openExtract();

describe("extract", () => {
  it("answers for quality along with the faces, where the job asks for it", async () => {
    const photo = await sample("group-4");
    const { extracted } = await extract({ photo });
    for (const face of extracted.faces) {
      const { answers } = face.quality!;
      expect(answers.map(({ name }) => name)).toEqual(QUALITY.answers.map(({ name }) => name));
      for (const [index, { kind }] of answers.entries()) {
        const { unit, min = 0, max = Infinity } = QUALITY.answers[index]!.measure!;
        if (kind.case !== "measure") throw new Error(`the answer is a ${kind.case}`);
        expect(kind.value.unit).toBe(unit);
        expect(kind.value.value).toBeGreaterThanOrEqual(min);
        expect(kind.value.value).toBeLessThanOrEqual(max);
      }
      expect(measured(face, "score")).toBeGreaterThan(0.5);
      expect(measured(face, "size")).toBeCloseTo(Math.sqrt(face.box!.width * face.box!.height), 0);
    }
    const without = await extract({ photo, work: { stages: ["extract", "embed"] } });
    expect(without.extracted.faces.map(({ quality }) => quality)).toEqual(Array.from({ length: 4 }));
  });

  it("says of a blurred, a dark and a turned photo that it is", async () => {
    const photo = sharp(await sample("portrait-1"));
    const face = async (bytes: Uint8Array) => (await extract({ photo: bytes })).extracted.faces[0]!;
    const plain = await face(await photo.clone().jpeg().toBuffer());
    const blurred = await face(await photo.clone().blur(12).jpeg().toBuffer());
    const dark = await face(await photo.clone().linear(0.3, 0).jpeg().toBuffer());
    const tilted = await face(await photo.clone().rotate(12, { background: "#777" }).jpeg().toBuffer());
    expect(measured(blurred, "sharpness")).toBeLessThan(measured(plain, "sharpness") / 2);
    expect(measured(dark, "exposure")).toBeLessThan(measured(plain, "exposure") / 2);
    expect(measured(dark, "sharpness")).toBeCloseTo(measured(plain, "sharpness"), 1);
    expect(Math.abs(measured(tilted, "roll") - measured(plain, "roll") - 12)).toBeLessThan(2);
    for (const worse of [blurred, dark])
      expect(measured(worse, "score")).toBeLessThan(measured(plain, "score"));
  });

  it("skips a face of ten pixels: it keeps its box and gets no chip, unless it is to be enrolled or nothing is skipped", async () => {
    const portrait = await readFile(`${MODELS}/samples/gallery/composite-010.jpg`);
    const tiny = await sharp(portrait).resize(13).toBuffer();
    const wall = sharp({ create: { width: 800, height: 600, channels: 3, background: "#777" } });
    const photo = await wall
      .composite([{ input: tiny, left: 400, top: 300 }])
      .jpeg()
      .toBuffer();
    const { extracted, faces, jobId } = await extract({ photo });
    expect(extracted.faces.map(({ skipped }) => skipped)).toEqual([true]);
    expect(extracted.faces[0]!.box!.width).toBeLessThan(14);
    expect(faces).toEqual([]);
    // The row of the sheet stays: a face is found there by its index.
    expect(blobs.stored.has(jobBlobKey(jobId, "faces.jpg"))).toBe(true);
    const enrolling = await extract({ photo, work: { stages: ["extract", "quality", "embed", "enrol"] } });
    expect(enrolling.faces).toHaveLength(1);
    const [face] = resultToJson(resultOf(enrolling.extracted)).extract!.faces;
    expect(scoreOf(face!.quality!)).toBeLessThan(ENROLMENT_FLOOR);
    expect((await extract({ photo, faceFloor: 0 })).faces).toHaveLength(1);
  });
});

function measured({ quality }: Face, name: string): number {
  const kind = quality?.answers.find((answer) => answer.name === name)?.kind;
  if (kind?.case !== "measure") throw new Error(`there is no measure ${name}`);
  return kind.value.value;
}

const resultOf = (value: Extracted): Result =>
  create(ResultSchema, { stage: "extract", outcome: { case: "extract", value } });
