import sharp, { type JpegOptions } from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jobBlobKey } from "@similarfaces/runtime";
import { openInference, type Inference } from "@similarfaces/inference";
import { centreOf } from "@similarfaces/vision";
import { finderOf } from "../src/faces/finder.js";
import { viewsOf } from "../src/faces/views.js";
import { decodePhoto } from "../src/photo/decodePhoto.js";
import { MODELS, openExtract, sample } from "./openExtract.js";

const { blobs, extract } = openExtract();
const portrait = async (options: JpegOptions = {}) =>
  sharp(await sample("portrait-2"))
    .resize(700, 700, { fit: "inside" })
    .jpeg({ quality: 88, ...options })
    .toBuffer();

describe("a photo that is cut short", () => {
  it.each([
    { by: "its end marker", kept: (bytes: number) => bytes - 2 },
    { by: "50 bytes", kept: (bytes: number) => bytes - 50 },
    { by: "three percent", kept: (bytes: number) => Math.floor(bytes * 0.97) },
  ])("by $by is analysed, marked, and stored whole", async ({ kept }) => {
    const jpeg = await portrait();
    const whole = await extract({ photo: jpeg });
    const { jobId, extracted, faces } = await extract({ photo: jpeg.subarray(0, kept(jpeg.length)) });
    expect(whole.extracted.truncated).toBe(false);
    expect(extracted).toMatchObject({ truncated: true, size: whole.extracted.size });
    expect(faces).toHaveLength(1);
    const [eye, there] = [extracted, whole.extracted].map((one) => one.faces[0]!.landmarks!.leftEye!);
    expect(Math.hypot(eye!.x - there!.x, eye!.y - there!.y)).toBeLessThan(3);
    const stored = blobs.stored.get(jobBlobKey(jobId, "photo.jpg"))!;
    const { width, height } = await sharp(stored.bytes, { failOn: "warning" })
      .raw()
      .toBuffer({
        resolveWithObject: true,
      })
      .then(({ info }) => info);
    expect({ width, height }).toMatchObject({ ...size(whole.extracted.size!) });
  });

  it("and progressive is analysed where its first scans came whole", async () => {
    const jpeg = await portrait({ progressive: true });
    const { extracted } = await extract({ photo: jpeg.subarray(0, Math.floor(jpeg.length / 2)) });
    expect(extracted.truncated).toBe(true);
    expect(extracted.faces).toHaveLength(1);
  });

  it("by half fails, and says why", async () => {
    const jpeg = await portrait();
    await expect(extract({ photo: jpeg.subarray(0, jpeg.length / 2) })).rejects.toMatchObject({
      code: "undecodable_image",
      message: "The file is damaged or cut short; export or send it again.",
    });
  });
});

const size = ({ width, height }: { width: number; height: number }) => ({ width, height });

describe("what was not decoded", () => {
  let inference: Inference;
  beforeAll(async () => {
    inference = await openInference({
      modelsDir: MODELS,
      models: ["detect", "refine"],
      pack: "compact",
      workers: 1,
    });
  });
  afterAll(() => inference.close());

  it("holds no face: one whose middle is there is none", async () => {
    const photo = await decodePhoto(await portrait());
    const finder = finderOf(inference);
    const [face] = await finder.find(viewsOf(photo));
    const { y } = centreOf(face!.box);
    const findIn = (height: number) =>
      finder.find(viewsOf({ ...photo, isTruncated: true, decoded: { ...photo.decoded, height } }));
    expect(await findIn(Math.ceil(y) + 20)).toHaveLength(1);
    expect(await findIn(Math.floor(y) - 20)).toHaveLength(0);
  });
});
