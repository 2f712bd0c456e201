import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  ImageWorkSchema,
  create,
  imageWorkSubject,
  newJobId,
  toBinary,
  workMessageId,
  type Result,
} from "@similarfaces/contracts";
import { createExtract } from "@similarfaces/extract";
import { openInference, type Inference } from "@similarfaces/inference";
import {
  connectBroker,
  createLog,
  createMetrics,
  jobBlobKey,
  provision,
  publishWork,
  runStage,
  storedResult,
  type Broker,
} from "@similarfaces/runtime";
import { startNatsServer, type NatsServer } from "../../runtime/test/natsServer.js";
import { scansJpeg } from "./bombs.js";
import { memoryBlobs } from "./memoryBlobs.js";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));

let server: NatsServer;
let broker: Broker;
let inference: Inference;
const blobs = memoryBlobs();

beforeAll(async () => {
  server = await startNatsServer();
  broker = await connectBroker({ url: server.url, name: "test" });
  await provision(broker, { replicas: 1, jobTtlMs: 60_000, stages: ["extract"] });
  const models = ["detect", "refine"];
  inference = await openInference({ modelsDir: MODELS, models, pack: "compact", workers: 1 });
});
afterAll(async () => {
  await inference?.close();
  await broker?.close();
  await server?.stop();
});

async function submit(photo: Uint8Array, size: { width: number; height: number }): Promise<string> {
  const jobId = newJobId(Date.now());
  const blobKey = jobBlobKey(jobId, "upload");
  await blobs.put(blobKey, photo, "image/jpeg");
  const work = create(ImageWorkSchema, {
    jobId,
    blobKey,
    contentType: "image/jpeg",
    size,
    stages: ["extract"],
    chipSide: 112,
    deadlineAtMs: Date.now() + 120_000,
  });
  await publishWork(broker, {
    subject: imageWorkSubject(jobId),
    data: toBinary(ImageWorkSchema, work),
    messageId: workMessageId(jobId, "image"),
  });
  return jobId;
}

async function resultOf(jobId: string): Promise<Result> {
  for (;;) {
    const result = await storedResult(broker, jobId, "extract");
    if (result) return result;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

it("answers a small photo while eight that take long are under way, and lets go of a damaged one's upload", async () => {
  const heavy = scansJpeg(10_000, 6_000, 60);
  const small = await readFile(`${MODELS}/samples/photos/portrait-1.jpg`);
  // One core's worth: two photos at a time.
  const stage = await runStage(createExtract({ inference, blobs }), {
    broker,
    concurrency: 2,
    graceMs: 0,
    metrics: createMetrics({ service: "test", version: "0", emitters: ["stage"] }),
    log: createLog({ service: "test", level: "silent" }),
  });
  const jobs: string[] = [];
  for (let i = 0; i < 8; i++) jobs.push(await submit(heavy, { width: 10_000, height: 6_000 }));
  const smallJob = await submit(small, { width: 496, height: 620 });
  const damaged = await submit(small.subarray(0, 20_000), { width: 496, height: 620 });
  expect((await resultOf(smallJob)).outcome.case).toBe("extract");
  expect((await resultOf(damaged)).outcome).toMatchObject({ value: { code: "undecodable_image" } });
  const answered = await Promise.all(jobs.map((job) => storedResult(broker, job, "extract")));
  expect(answered.filter(Boolean).length).toBeLessThanOrEqual(2);
  await stage.drain();
  expect(blobs.stored.has(jobBlobKey(damaged, "upload"))).toBe(false);
  for (const job of jobs.slice(4)) expect(blobs.stored.has(jobBlobKey(job, "upload"))).toBe(true);
});
