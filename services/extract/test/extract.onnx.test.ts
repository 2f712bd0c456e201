import sharp from "sharp";
import { describe, expect, it } from "vitest";
import {
  ExtractedSchema,
  ResultSchema,
  create,
  faceWorkSubject,
  newJobId,
  workMessageId,
} from "@similarfaces/contracts";
import { jobBlobKey } from "@similarfaces/runtime";
import { openExtract, sample } from "./openExtract.js";

const { blobs, extract, runOn } = openExtract();

describe("extract", () => {
  it("stores the upright photo before the faces, and lets go of the upload last", async () => {
    const { jobId } = await extract({ photo: await sample("portrait-1") });
    expect(blobs.log).toEqual(["put upload", "put photo.jpg", "put faces.jpg", "delete upload"]);
    const photo = blobs.stored.get(jobBlobKey(jobId, "photo.jpg"))!;
    expect(await sharp(photo.bytes).metadata()).toMatchObject({ format: "jpeg", width: 496, height: 620 });
    expect(blobs.stored.has(jobBlobKey(jobId, "upload"))).toBe(false);
  });

  it.each([112, 144])(
    "stores the chips of %i pixels one below the other, as they were analysed",
    async (side) => {
      const { jobId, faces } = await extract({ photo: await sample("group-4"), work: { chipSide: side } });
      expect(faces.map(({ chipSide }) => chipSide)).toEqual([side, side, side, side]);
      const sheet = blobs.stored.get(jobBlobKey(jobId, "faces.jpg"))!;
      const { data, info } = await sharp(sheet.bytes).raw().toBuffer({ resolveWithObject: true });
      expect(info).toMatchObject({ width: side, height: 4 * side, channels: 3 });
      for (const { face, chip } of faces) {
        const row = data.subarray(face * chip.length, (face + 1) * chip.length);
        const apart = chip.reduce((sum, value, at) => sum + Math.abs(value - row[at]!), 0) / chip.length;
        // Of another face it is 40 and more.
        expect(apart).toBeLessThan(6);
      }
    },
  );

  it.each([
    [undefined, [[0], [1], [2], [3]]],
    [3, [[0, 1, 2], [3]]],
    [4, [[0, 1, 2, 3]]],
  ])("publishes the faces in messages of as many as the job says: %s", async (facesPerMessage, groups) => {
    const work = facesPerMessage === undefined ? {} : { facesPerMessage };
    const { jobId, messages } = await extract({ photo: await sample("group-4"), work });
    expect(messages.map((message) => message.work.faces.map(({ face }) => face))).toEqual(groups);
    expect(messages.map(({ subject, messageId }) => [subject, messageId])).toEqual(
      groups.map(([first]) => [faceWorkSubject(jobId, first!), workMessageId(jobId, "face", first)]),
    );
  });

  it("does not look again at a redelivered photo: chips follow the stored boxes", async () => {
    const point = (x: number, y: number) => ({ x, y });
    const stored = create(ExtractedSchema, {
      size: { width: 496, height: 620 },
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

  it("cuts a redelivered photo's chips from what it did at first, also where they are shrunk a lot", async () => {
    const photo = await sample("closeup");
    const first = await extract({ photo });
    await blobs.put(jobBlobKey(first.jobId, "upload"), photo, "image/jpeg");
    const outcome = { case: "extract" as const, value: first.extracted };
    const second = await runOn(first.jobId, {}, create(ResultSchema, { outcome }));
    expect(second.faces).toHaveLength(1);
    expect(Buffer.compare(second.faces[0]!.chip, first.faces[0]!.chip)).toBe(0);
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

  it.each([0, 113])("fails at once where its chips were to have %i pixels a side", async (chipSide) => {
    const photo = await sample("portrait-1");
    const failure = { code: "malformed_message" };
    await expect(extract({ photo, work: { chipSide } })).rejects.toMatchObject(failure);
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
