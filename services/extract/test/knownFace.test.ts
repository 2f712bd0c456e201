import sharp from "sharp";
import { beforeEach, describe, expect, it } from "vitest";
import {
  EnrolWorkSchema,
  ImageWorkSchema,
  create,
  fromBinary,
  newJobId,
  type ImageWork,
} from "@similarfaces/contracts";
import { jobBlobKey, type StageOutput } from "@similarfaces/runtime";
import { answerKnownFace } from "../src/knownFace.js";
import { memoryBlobs } from "./memoryBlobs.js";
import { sample } from "./openExtract.js";

const blobs = memoryBlobs();
const SOURCE = jobBlobKey(newJobId(Date.now()), "photo.jpg");
const EMBEDDING = new Uint8Array(2_048).fill(7);
const { signal } = new AbortController();

beforeEach(async () => {
  blobs.stored.clear();
  await blobs.put(SOURCE, await sample("group-4"), "image/jpeg");
  blobs.log.length = 0;
});

function workOf(change: { known?: object; stages?: string[] } = {}): ImageWork {
  const at = (x: number, y: number) => ({ x, y });
  return create(ImageWorkSchema, {
    jobId: newJobId(Date.now()),
    blobKey: SOURCE,
    contentType: "image/jpeg",
    size: { width: 1920, height: 1080 },
    stages: change.stages ?? ["extract", "quality", "enrol"],
    deadlineAtMs: 99,
    options: { enrolment: { identityId: "i", name: "Ada", consent: "herself", source: "face 3 of a job" } },
    knownFace: {
      face: {
        index: 3,
        score: 0.7,
        box: { x: 350, y: 240, width: 250, height: 330 },
        landmarks: {
          leftEye: at(412, 385),
          rightEye: at(532, 387),
          nose: at(475, 455),
          leftMouth: at(428, 520),
          rightMouth: at(525, 521),
        },
        quality: { answers: [{ name: "score" }] },
      },
      others: [{ x: 0, y: 0, width: 40, height: 50 }],
      embedding: EMBEDDING,
      model: "embed@1+int8",
      foundBy: "detect@1, refine@1",
      size: { width: 1920, height: 1080 },
      ...change.known,
    },
  });
}

/** A photo in which nobody else is found: who is, is a matter of models (portraits.onnx.test.ts). */
const boxesIn = async () => [];
const answer = (work: ImageWork) => answerKnownFace(work, work.knownFace!, { blobs, signal, boxesIn });

async function messagesOf({ work = [] }: StageOutput) {
  const messages = [];
  for await (const message of work) messages.push(message);
  return messages;
}

describe("a face that an earlier job found", () => {
  it("is answered as it was found, as the only one, and goes to enrol with its embedding and a portrait", async () => {
    const work = workOf();
    const output = await answer(work);
    expect(output).toMatchObject({
      model: "detect@1, refine@1",
      outcome: {
        case: "extract",
        value: {
          size: { width: 1920, height: 1080 },
          faces: [
            {
              index: 0,
              score: 0.7,
              box: work.knownFace!.face!.box,
              landmarks: work.knownFace!.face!.landmarks,
              quality: { answers: [{ name: "score" }] },
              skipped: false,
            },
          ],
          facesOmitted: 0,
          turned: 0,
          truncated: false,
        },
      },
    });
    const [message, ...more] = await messagesOf(output);
    expect(more).toEqual([]);
    expect(message!.subject).toBe(`sf.v2.work.${work.jobId}.enrol.0`);
    const enrolled = fromBinary(EnrolWorkSchema, message!.data);
    expect(enrolled).toMatchObject({
      jobId: work.jobId,
      face: 0,
      model: "embed@1+int8",
      deadlineAtMs: 99,
      enrolment: { identityId: "i", name: "Ada", consent: "herself", source: "face 3 of a job" },
    });
    expect(Buffer.compare(enrolled.embedding, EMBEDDING)).toBe(0);
    const { jpeg, eyes } = enrolled.portrait!;
    const { format, width } = await sharp(jpeg).metadata();
    expect({ format, width }).toEqual({ format: "jpeg", width: 605 });
    expect(eyes!.right!.x - eyes!.left!.x).toBeCloseTo(120, 0);
  });

  it("leaves the earlier job's photo, and stores nothing", async () => {
    const output = await answer(workOf());
    await messagesOf(output);
    await output.beforeAck?.();
    await output.afterAck?.();
    expect(blobs.log).toEqual([]);
    expect(blobs.stored.has(SOURCE)).toBe(true);
  });

  it("is answered alike by a second attempt", async () => {
    const work = workOf();
    const [first, second] = [await answer(work), await answer(work)];
    expect(second.outcome).toEqual(first.outcome);
    expect(await messagesOf(second)).toEqual(await messagesOf(first));
  });

  it("has no portrait where the photo is gone", async () => {
    blobs.stored.clear();
    const [message] = await messagesOf(await answer(workOf()));
    const { portrait, embedding } = fromBinary(EnrolWorkSchema, message!.data);
    expect(portrait).toBeUndefined();
    expect(embedding).toHaveLength(2_048);
  });

  it("is no work for enrol where the job does not ask for it", async () => {
    expect(await messagesOf(await answer(workOf({ stages: ["extract"] })))).toEqual([]);
  });

  it("without its place is refused", async () => {
    const refused = { code: "malformed_message" };
    await expect(answer(workOf({ known: { size: undefined } }))).rejects.toMatchObject(refused);
    await expect(answer(workOf({ known: { face: {} } }))).rejects.toMatchObject(refused);
  });
});
