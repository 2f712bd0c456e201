import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  EmbeddedSchema,
  EmbeddingWorkSchema,
  EnrolWorkSchema,
  FaceWorkSchema,
  create,
  embeddingFromBytes,
  embeddingWorkSubject,
  enrolWorkSubject,
  fromBinary,
  newJobId,
  probesOfWork,
  toBinary,
  type MessageInitShape,
} from "@similarfaces/contracts";
import type { WorkMessage } from "@similarfaces/runtime";
import { openInference, type Inference, type Model } from "@similarfaces/inference";
import { createEmbed } from "../src/mod.js";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const JOB = newJobId(Date.now());

let inference: Inference;

beforeAll(async () => {
  inference = await openInference({ modelsDir: MODELS, models: ["embed"], pack: "compact", workers: 1 });
});
afterAll(() => inference?.close());

/** A portrait of the sample gallery, which is centred on its face, as a chip. */
async function chipOf(composite: string, side = 112): Promise<Uint8Array> {
  const margin = (144 - side) / 2;
  const whole = await sharp(`${MODELS}/samples/gallery/${composite}.jpg`).resize(144, 144).toBuffer();
  return sharp(whole)
    .extract({ left: margin, top: margin, width: side, height: side })
    .removeAlpha()
    .raw()
    .toBuffer();
}

async function embed(
  chip: Uint8Array,
  more: MessageInitShape<typeof FaceWorkSchema> = {},
  using: Inference = inference,
) {
  const stage = createEmbed({ inference: using });
  const work = create(FaceWorkSchema, {
    jobId: JOB,
    chipSide: 112,
    faces: [{ face: 3, chip }],
    stages: ["embed", "match"],
    ...more,
  });
  const piece = stage.decode(toBinary(FaceWorkSchema, work))[0]!;
  const output = await stage.handle(piece, {
    attempt: 1,
    priority: 0,
    signal: new AbortController().signal,
    storedResult: async () => undefined,
  });
  if (output.outcome.case !== "embed") throw new Error(`embed answered ${output.outcome.case}`);
  const followUp = stage.followUp!([{ ...output, work: piece }], false);
  return { ...output, work: followUp, embedding: output.outcome.value.embedding };
}

/** The faces of one message, as if they had been embedded. */
function group(faces: readonly number[]) {
  const stage = createEmbed({ inference });
  const chip = new Uint8Array(112 * 112 * 3);
  const work = create(FaceWorkSchema, {
    jobId: JOB,
    chipSide: 112,
    faces: faces.map((face) => ({ face, chip })),
    stages: ["embed", "match"],
  });
  const outcome = { case: "embed", value: create(EmbeddedSchema) } as const;
  const pieces = stage.decode(toBinary(FaceWorkSchema, work));
  return { stage, answers: pieces.map((piece) => ({ work: piece, outcome, model: "test@1" })) };
}

const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

describe("embed", () => {
  it("answers with 512 numbers of length 1, the same for the same chip", async () => {
    const chip = await chipOf("composite-001");
    const [first, second] = [await embed(chip), await embed(chip)];
    expect(embeddingFromBytes(first.embedding)).toHaveLength(512);
    expect(first.embedding).toEqual(second.embedding);
    expect(first.model).toBe(inference.model("embed").name);
    expect(first.model).toMatch(/^compact-embed@2\.0\.0\+(int8|float32)$/);
  });

  it("puts a face nearer to its own mirror image than to other faces", async () => {
    const chip = await chipOf("composite-010");
    const raw = { raw: { width: 112, height: 112, channels: 3 as const } };
    const mirrored = await sharp(chip, raw).flop().raw().toBuffer();
    const [own, mirror, other] = await Promise.all(
      [chip, mirrored, await chipOf("composite-050")].map(async (pixels) =>
        embeddingFromBytes((await embed(pixels)).embedding),
      ),
    );
    expect(cosine(own!, mirror!)).toBeGreaterThan(0.7);
    expect(cosine(own!, mirror!)).toBeGreaterThan(cosine(own!, other!));
  });

  it("passes the embedding on to match, with the model that made it and the job's options", async () => {
    const { work, embedding } = await embed(await chipOf("composite-001"), {
      deadlineAtMs: 42,
      options: { matchCount: 7 },
    });
    expect(work.map(({ subject, messageId }) => [subject, messageId])).toEqual([
      [embeddingWorkSubject(JOB, 3), `${JOB}.embedding.3`],
    ]);
    expect(fromBinary(EmbeddingWorkSchema, work[0]!.data)).toMatchObject({
      jobId: JOB,
      probes: [{ face: 3, embedding }],
      stages: ["embed", "match"],
      model: inference.model("embed").name,
      deadlineAtMs: 42,
      options: { matchCount: 7 },
    });
  });

  it("passes a group's probes on in one message, by those faces that were embedded", () => {
    const { stage, answers } = group([4, 5, 7]);
    const probesIn = (messages: readonly WorkMessage[]) =>
      messages.map(({ subject, messageId, data }) => {
        const { probes, group, isSplit } = fromBinary(EmbeddingWorkSchema, data);
        return { subject, messageId, faces: probes.map(({ face }) => face), group, isSplit };
      });
    expect(probesIn(stage.followUp!(answers, false))).toEqual([
      {
        subject: embeddingWorkSubject(JOB, 4),
        messageId: `${JOB}.embedding.4`,
        faces: [4, 5, 7],
        isSplit: false,
      },
    ]);
    expect(probesIn(stage.followUp!(answers.slice(1), false))).toEqual([
      {
        subject: embeddingWorkSubject(JOB, 5),
        messageId: `${JOB}.embedding.4`,
        faces: [5, 7],
        group: 4,
        isSplit: false,
      },
    ]);
    expect(stage.followUp!([], false)).toEqual([]);
  });

  it("passes the probe of a face on in a message of its own where the group was split", () => {
    const { stage, answers } = group([4, 5, 7]);
    const messages = answers.flatMap((answer) => stage.followUp!([answer], true));
    expect(messages.map(({ messageId }) => messageId)).toEqual(
      [4, 5, 7].map((face) => `${JOB}.embedding.4.${face}`),
    );
    for (const [index, { data }] of messages.entries()) {
      const pieces = probesOfWork(data);
      expect(pieces).toMatchObject([{ group: 4, isSplit: true, face: [4, 5, 7][index] }]);
    }
  });

  it("sees the middle of a larger chip", async () => {
    const [large, middle] = [await chipOf("composite-010", 144), await chipOf("composite-010")];
    const { embedding } = await embed(large, { chipSide: 144 });
    expect(embedding).toEqual((await embed(middle)).embedding);
  });

  it("passes a face to enrol on with its portrait, and only where the job says what to enrol it as", async () => {
    const chip = await chipOf("composite-001");
    const stages = ["extract", "embed", "enrol"];
    const enrolment = { identityId: "ada", name: "Ada", consent: "herself" };
    const portrait = {
      jpeg: Uint8Array.of(0xff, 0xd8),
      eyes: { left: { x: 130, y: 140 }, right: { x: 190, y: 140 } },
    };
    const faces = [{ face: 3, chip, portrait }];
    const { work } = await embed(chip, { stages, options: { enrolment }, faces });
    expect(work.map(({ subject }) => subject)).toEqual([enrolWorkSubject(JOB, 3)]);
    const passed = fromBinary(EnrolWorkSchema, work[0]!.data);
    expect(passed.portrait).toMatchObject(portrait);
    expect(passed.enrolment).toMatchObject(enrolment);
    expect((await embed(chip, { stages })).work).toEqual([]);
  });

  it("passes nothing on where the job asks for embeddings alone", async () => {
    expect((await embed(await chipOf("composite-001"), { stages: ["embed"] })).work).toEqual([]);
  });

  it("brings another pack's vector to length 1, and refuses one without a direction or of another size", async () => {
    const answering = (data: Float32Array): Inference => {
      const model = {
        ...inference.model("embed"),
        name: "own@1",
        predict: async () => ({
          outputs: { vector: { data, dims: [1, data.length] } },
          startedAtMs: 1,
          finishedAtMs: 2,
        }),
      } as Model;
      return { driver: "onnx", model: () => model, load: () => inference.load(), close: async () => {} };
    };
    const chip = await chipOf("composite-001");
    const long = await embed(chip, {}, answering(new Float32Array(512).fill(3)));
    expect(embeddingFromBytes(long.embedding)[0]).toBeCloseTo(1 / Math.sqrt(512), 6);
    await expect(embed(chip, {}, answering(new Float32Array(512)))).rejects.toMatchObject({
      code: "model_failed",
    });
    await expect(embed(chip, {}, answering(new Float32Array(512).fill(Number.NaN)))).rejects.toMatchObject({
      code: "model_failed",
    });
    await expect(embed(chip, {}, answering(new Float32Array(128).fill(1)))).rejects.toMatchObject({
      code: "model_failed",
    });
  });

  it("refuses a chip of another size", () => {
    const stage = createEmbed({ inference });
    const work = create(FaceWorkSchema, { jobId: JOB, chipSide: 112, faces: [{ chip: new Uint8Array(5) }] });
    expect(() => stage.decode(toBinary(FaceWorkSchema, work))).toThrow(
      expect.objectContaining({ code: "malformed_message" }),
    );
  });
});
