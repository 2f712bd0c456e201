import sharp from "sharp";
import { describe, expect, it } from "vitest";
import {
  EnrolWorkSchema,
  PORTRAIT_BYTES_MAX,
  ResultSchema,
  create,
  fromBinary,
  type Extracted,
} from "@similarfaces/contracts";
import { jobBlobKey } from "@similarfaces/runtime";
import { openExtract, sample } from "./openExtract.js";

const { blobs, extract, runOn, handle } = openExtract();

const enrolment = { identityId: "i", name: "Ada", consent: "herself", source: "" };
const work = { stages: ["extract", "embed", "enrol"], options: { facesMax: 1, enrolment } };

/** The photo turned clockwise, stored so. */
const turned = async (name: string, degrees: number) =>
  sharp(await sample(name))
    .rotate(degrees, { background: "#888" })
    .jpeg({ quality: 92 })
    .toBuffer();

describe("a photo to enrol", () => {
  it.each([0, 25, 90, 180])("turned by %i degrees gives a portrait that stands upright", async (degrees) => {
    const { faces } = await extract({ photo: await turned("portrait-2", degrees), work });
    expect(faces).toHaveLength(1);
    const { jpeg, eyes } = faces[0]!.portrait!;
    const { width, height } = await sharp(jpeg).metadata();
    expect(width).toBe(height);
    expect(width).toBeGreaterThanOrEqual(320);
    expect(jpeg.length).toBeLessThan(PORTRAIT_BYTES_MAX);
    // Found again in its own portrait, the eyes are where it says.
    const again = await extract({ photo: jpeg });
    const { leftEye, rightEye } = again.extracted.faces[0]!.landmarks!;
    const apart = Math.hypot(eyes!.right!.x - eyes!.left!.x, eyes!.right!.y - eyes!.left!.y);
    expect(Math.hypot(leftEye!.x - eyes!.left!.x, leftEye!.y - eyes!.left!.y)).toBeLessThan(0.1 * apart);
    expect(Math.hypot(rightEye!.x - eyes!.right!.x, rightEye!.y - eyes!.right!.y)).toBeLessThan(0.1 * apart);
  });

  it("shows one person, though others stand beside, and though they are beyond the job's limit", async () => {
    const photo = await neighbours();
    expect((await extract({ photo })).extracted.faces).toHaveLength(2);
    const { extracted, faces } = await extract({ photo, work });
    expect(extracted).toMatchObject({ faces: [{ index: 0 }], facesOmitted: 1 });
    expect((await extract({ photo: faces[0]!.portrait!.jpeg })).extracted.faces).toHaveLength(1);
  });

  it("that is redelivered has the same portrait", async () => {
    const photo = await neighbours();
    const first = await extract({ photo, work });
    await blobs.put(jobBlobKey(first.jobId, "upload"), photo, "image/jpeg");
    const outcome = { case: "extract" as const, value: first.extracted };
    const earlier = create(ResultSchema, { model: "m@1", outcome });
    const second = await runOn(first.jobId, work, earlier);
    expect(second.extracted).toEqual(first.extracted);
    expect(Buffer.compare(second.faces[0]!.portrait!.jpeg, first.faces[0]!.portrait!.jpeg)).toBe(0);
  });
});

describe("a face that an earlier job found", () => {
  it("is alone in its portrait, though the others are beyond that job's limit or below its score", async () => {
    const photo = await neighbours();
    const [worse, better] = (await extract({ photo })).extracted.faces.map(({ score }) => score).toSorted();
    expect(better).not.toBe(worse);
    for (const options of [{ facesMax: 1 }, { minScore: (better! + worse!) / 2 }]) {
      const { jobId, extracted } = await extract({ photo, work: { options } });
      expect(extracted.faces).toHaveLength(1);
      const [portrait] = await portraitsOfKnown(jobId, extracted);
      expect((await extract({ photo: portrait!.jpeg })).extracted.faces).toHaveLength(1);
    }
  });

  async function portraitsOfKnown(jobId: string, { faces: [face], size }: Extracted) {
    const knownFace = { face: face!, embedding: new Uint8Array(2_048), model: "e@1", size: size! };
    const { work: messages = [] } = await handle(jobId, {
      ...work,
      blobKey: jobBlobKey(jobId, "photo.jpg"),
      knownFace,
    });
    const portraits = [];
    for await (const { data } of messages) portraits.push(fromBinary(EnrolWorkSchema, data).portrait!);
    return portraits;
  }
});

describe("a photo that enrols nobody", () => {
  it("has no portraits", async () => {
    const { faces } = await extract({ photo: await sample("portrait-2") });
    expect(faces[0]!.portrait).toBeUndefined();
  });
});

/** Two heads so near to each other that either is in the other's portrait, the right one less sharp. */
async function neighbours(): Promise<Buffer> {
  const head = async (name: string, blur = 0.3) =>
    sharp(await sample(name))
      .extract({ left: 58, top: 20, width: 380, height: 600 })
      .blur(blur)
      .toBuffer();
  return sharp({ create: { width: 760, height: 600, channels: 3, background: "#888" } })
    .composite([
      { input: await head("portrait-1"), left: 0, top: 0 },
      { input: await head("portrait-3", 5), left: 380, top: 0 },
    ])
    .jpeg({ quality: 92 })
    .toBuffer();
}
