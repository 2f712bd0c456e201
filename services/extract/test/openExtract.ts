import { setMaxListeners } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import {
  FaceWorkSchema,
  ImageWorkSchema,
  create,
  fromBinary,
  newJobId,
  toBinary,
  type Extracted,
  type FaceWork,
  type MessageInitShape,
  type Result,
} from "@similarfaces/contracts";
import { openInference, type Inference } from "@similarfaces/inference";
import { jobBlobKey, type StageCall, type StageOutput } from "@similarfaces/runtime";
import { createExtract } from "../src/mod.js";
import { memoryBlobs } from "./memoryBlobs.js";

export const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
export const PHOTOS = `${MODELS}/samples/photos`;

/** A JPEG of the repository. */
export const sample = (name: string) => readFile(`${PHOTOS}/${name}.jpg`);

interface Settings {
  facesMax?: number;
  faceFloor?: number;
  faceScoreMin?: number;
}

interface Asked extends Settings {
  photo: Uint8Array;
  work?: MessageInitShape<typeof ImageWorkSchema>;
  earlier?: Result;
}

/** The stage with its models, opened for the tests of a file, and others beside them; the blobs of each test begin empty. */
export function openExtract(...others: string[]) {
  let inference: Inference;
  const blobs = memoryBlobs();
  beforeAll(async () => {
    const models = ["detect", "refine", ...others];
    inference = await openInference({ modelsDir: MODELS, models, pack: "compact", workers: 2 });
  });
  afterAll(() => inference?.close());
  beforeEach(() => {
    blobs.stored.clear();
    blobs.log.length = 0;
  });
  return { blobs, extract, runOn, handle, embeddingOf };

  /** Of a 112x112 chip, by the model `embed`. */
  async function embeddingOf(chip: Uint8Array): Promise<Float32Array> {
    const picture = { pixels: new Uint8Array(chip), width: 112, height: 112 };
    return (await inference.model("embed").predict(picture)).outputs["embedding"]!.data;
  }

  /** Runs the stage as its loop would, up to the acknowledgement and beyond. */
  async function extract({ photo, work = {}, earlier, ...settings }: Asked) {
    const jobId = newJobId(Date.now());
    const blobKey = jobBlobKey(jobId, "upload");
    await blobs.put(blobKey, photo, "image/jpeg");
    const output = await runOn(jobId, work, earlier, settings);
    return { jobId, ...output };
  }

  /** The same of a job whose upload is stored, or gone. */
  async function runOn(
    jobId: string,
    work: MessageInitShape<typeof ImageWorkSchema>,
    earlier?: Result,
    settings: Settings = {},
  ) {
    const output = await handle(jobId, work, earlier, settings);
    const messages = await messagesOf(output);
    const faces = messages.flatMap(({ work: { faces: chips, ...rest } }) =>
      chips.map((chip) => ({ ...rest, ...chip })),
    );
    await output.beforeAck?.();
    await output.afterAck?.();
    return { output, extracted: extractedOf(output), messages, faces };
  }

  /** The stage's output, of which nothing is published or stored yet. */
  async function handle(
    jobId: string,
    work: MessageInitShape<typeof ImageWorkSchema>,
    earlier?: Result,
    settings: Settings = {},
  ): Promise<StageOutput> {
    const stage = createExtract({ inference, blobs, faceFloor: 0.06, ...settings });
    const [message] = stage.decode(
      toBinary(
        ImageWorkSchema,
        create(ImageWorkSchema, {
          jobId,
          blobKey: jobBlobKey(jobId, "upload"),
          stages: ["extract", "quality", "embed", "age", "match"],
          deadlineAtMs: Date.now() + 60_000,
          chipSide: 112,
          ...work,
        }),
      ),
    );
    const { signal } = new AbortController();
    // A photo of many tiles is many predictions that wait at once.
    setMaxListeners(0, signal);
    const call: StageCall = {
      attempt: earlier ? 2 : 1,
      priority: 0,
      signal,
      storedResult: async () => earlier,
    };
    return stage.handle(message!, call);
  }
}

function extractedOf({ outcome }: StageOutput): Extracted {
  if (outcome.case !== "extract") throw new Error(`the outcome is ${outcome.case}`);
  return outcome.value;
}

/** The messages as they were published; every chip has its size. */
async function messagesOf({ work = [] }: StageOutput) {
  const messages: { subject: string; messageId: string; work: FaceWork }[] = [];
  for await (const { subject, messageId, data } of work)
    messages.push({ subject, messageId, work: fromBinary(FaceWorkSchema, data) });
  for (const { faces, chipSide } of messages.map((message) => message.work))
    for (const { chip } of faces) expect(chip).toHaveLength(chipSide ** 2 * 3);
  return messages;
}
