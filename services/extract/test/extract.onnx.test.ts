import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  ExtractedSchema,
  FaceWorkSchema,
  ImageWorkSchema,
  ResultSchema,
  ENROLMENT_FLOOR,
  QUALITY,
  create,
  fromBinary,
  newJobId,
  resultToJson,
  scoreOf,
  toBinary,
  type Extracted,
  type Face,
  type FaceWork,
  type MessageInitShape,
  type Result,
} from "@similarfaces/contracts";
import { openInference, type Inference } from "@similarfaces/inference";
import { jobBlobKey, type StageCall, type StageOutput } from "@similarfaces/runtime";
import { createExtract } from "../src/mod.js";
import { memoryBlobs } from "./memoryBlobs.js";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const PHOTOS = `${MODELS}/samples/photos`;
/** Centre x, centre y, width of every face, by the composites' maker. */
type Truth = Record<string, [number, number, number][]>;

let inference: Inference;
let truth: Truth;
let blobs: ReturnType<typeof memoryBlobs>;

beforeAll(async () => {
  inference = await openInference({ modelsDir: MODELS, models: ["detect"], pack: "compact", workers: 2 });
  truth = JSON.parse(await readFile(`${PHOTOS}/truth.json`, "utf8")) as Truth;
});
afterAll(() => inference?.close());
beforeEach(() => {
  blobs = memoryBlobs();
});

interface Asked {
  faceFloor?: number;
  photo: Uint8Array;
  work?: MessageInitShape<typeof ImageWorkSchema>;
  earlier?: Result;
}

/** Runs the stage as its loop would, up to the acknowledgement and beyond. */
async function extract({ photo, work = {}, earlier, faceFloor = 0.06 }: Asked) {
  const jobId = newJobId(Date.now());
  const blobKey = jobBlobKey(jobId, "upload");
  await blobs.put(blobKey, photo, "image/jpeg");
  const output = await runOn(jobId, work, earlier, faceFloor);
  return { jobId, ...output };
}

async function runOn(
  jobId: string,
  work: MessageInitShape<typeof ImageWorkSchema>,
  earlier?: Result,
  faceFloor = 0.06,
) {
  const stage = createExtract({ inference, blobs, faceFloor });
  const [message] = stage.decode(
    toBinary(
      ImageWorkSchema,
      create(ImageWorkSchema, {
        jobId,
        blobKey: jobBlobKey(jobId, "upload"),
        stages: ["extract", "quality", "embed", "age", "match"],
        deadlineAtMs: Date.now() + 60_000,
        ...work,
      }),
    ),
  );
  const call: StageCall = {
    attempt: earlier ? 2 : 1,
    priority: 0,
    signal: new AbortController().signal,
    storedResult: async () => earlier,
  };
  const output = await stage.handle(message!, call);
  const faces = await facesOf(output);
  await output.beforeAck?.();
  await output.afterAck?.();
  return { output, extracted: extractedOf(output), faces };
}

function extractedOf({ outcome }: StageOutput): Extracted {
  if (outcome.case !== "extract") throw new Error(`the outcome is ${outcome.case}`);
  return outcome.value;
}

/** Every message carries one face. */
function chipOf({ faces, chipSide, ...rest }: FaceWork) {
  expect(faces).toHaveLength(1);
  expect(chipSide).toBe(144);
  return { ...rest, ...faces[0]! };
}

async function facesOf({ work = [] }: StageOutput): Promise<ReturnType<typeof chipOf>[]> {
  const faces: FaceWork[] = [];
  for await (const { data } of work) faces.push(fromBinary(FaceWorkSchema, data));
  return faces.map(chipOf);
}

function measured({ quality }: Face, name: string): number {
  const kind = quality?.answers.find((answer) => answer.name === name)?.kind;
  if (kind?.case !== "measure") throw new Error(`there is no measure ${name}`);
  return kind.value.value;
}

const resultOf = (value: Extracted): Result =>
  create(ResultSchema, { stage: "extract", outcome: { case: "extract", value } });

const sample = (name: string) => readFile(`${PHOTOS}/${name}.jpg`);

/** How many of the true faces have a box whose centre lies within a third of their width. */
function found({ faces }: Extracted, name: string): number {
  return truth[name]!.filter(([x, y, width]) =>
    faces.some(
      ({ box }) => box && Math.hypot(box.x + box.width / 2 - x, box.y + box.height / 2 - y) < width / 3,
    ),
  ).length;
}

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
    expect(extracted.faces).toHaveLength(faces);
    if (faces > 0) expect(found(extracted, name)).toBe(faces);
    expect(work).toHaveLength(faces);
    for (const { chip } of work) expect(chip).toHaveLength(144 * 144 * 3);
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
    const raw = { raw: { width: 144, height: 144, channels: 3 as const } };
    const large = await sharp(Buffer.from(faces[0]!.chip), raw)
      .resize(432, 432)
      .jpeg({ quality: 95 })
      .toBuffer();
    blobs = memoryBlobs();
    const { extracted } = await extract({ photo: large });
    const { leftEye, rightEye } = extracted.faces[0]!.landmarks!;
    expect(leftEye!.x / 3).toBeCloseTo(54.3, -1);
    expect(leftEye!.y / 3).toBeCloseTo(67.7, -1);
    expect(rightEye!.x / 3).toBeCloseTo(89.5, -1);
  });

  it("stores the upright photo before the faces, and lets go of the upload last", async () => {
    const { jobId } = await extract({ photo: await sample("portrait-1") });
    expect(blobs.log).toEqual(["put upload", "put photo.jpg", "put faces.jpg", "delete upload"]);
    const photo = blobs.stored.get(jobBlobKey(jobId, "photo.jpg"))!;
    expect(await sharp(photo.bytes).metadata()).toMatchObject({ format: "jpeg", width: 960, height: 960 });
    expect(blobs.stored.has(jobBlobKey(jobId, "upload"))).toBe(false);
  });

  it("stores the chips one below the other, as they were analysed", async () => {
    const { jobId, faces } = await extract({ photo: await sample("group-4") });
    const sheet = blobs.stored.get(jobBlobKey(jobId, "faces.jpg"))!;
    const { data, info } = await sharp(sheet.bytes).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 144, height: 4 * 144, channels: 3 });
    for (const { face, chip } of faces) {
      const row = data.subarray(face * chip.length, (face + 1) * chip.length);
      const apart = chip.reduce((sum, value, at) => sum + Math.abs(value - row[at]!), 0) / chip.length;
      // Of another face it is 40 and more.
      expect(apart).toBeLessThan(6);
    }
  });

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
    // The detector follows a tilt only in part.
    expect(measured(tilted, "roll")).toBeGreaterThan(measured(plain, "roll") + 2);
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

  it("does not look again at a redelivered photo: chips follow the stored boxes", async () => {
    const point = (x: number, y: number) => ({ x, y });
    const stored = create(ExtractedSchema, {
      size: { width: 960, height: 960 },
      faces: [
        {
          index: 0,
          score: 0.5,
          box: { x: 1, y: 2, width: 3, height: 4 },
          landmarks: {
            leftEye: point(300, 300),
            rightEye: point(400, 300),
            nose: point(350, 360),
            leftMouth: point(310, 420),
            rightMouth: point(390, 420),
          },
        },
      ],
    });
    const earlier = create(ResultSchema, {
      model: "another@1",
      outcome: { case: "extract", value: stored },
    });
    const { output, extracted, faces } = await extract({ photo: await sample("portrait-1"), earlier });
    expect(extracted).toEqual(stored);
    expect(output.model).toBe("another@1");
    expect(faces.map(({ box }) => box)).toEqual([stored.faces[0]!.box]);
  });

  it("has nothing more to do where the answer is stored and the upload gone", async () => {
    const stored = create(ExtractedSchema, { size: { width: 9, height: 9 } });
    const earlier = create(ResultSchema, { model: "m@1", outcome: { case: "extract", value: stored } });
    const { extracted, faces } = await runOn(newJobId(Date.now()), {}, earlier);
    expect(extracted).toEqual(stored);
    expect(faces).toEqual([]);
  });

  it("fails where the upload is gone, the file is broken, or a photo to enrol shows nobody", async () => {
    await expect(runOn(newJobId(Date.now()), {})).rejects.toMatchObject({ code: "photo_missing" });
    const cut = (await sample("portrait-1")).subarray(0, 20_000);
    await expect(extract({ photo: cut })).rejects.toMatchObject({ code: "undecodable_image" });
    const enrolling = { stages: ["extract", "embed", "enrol"] };
    await expect(extract({ photo: await sample("nobody"), work: enrolling })).rejects.toMatchObject({
      code: "no_face",
    });
  });

  it("publishes no chips where the job asks for boxes alone", async () => {
    const { faces, extracted } = await extract({
      photo: await sample("portrait-1"),
      work: { stages: ["extract"] },
    });
    expect(extracted.faces).toHaveLength(1);
    expect(faces).toEqual([]);
  });
});
