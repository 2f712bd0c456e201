import { fileURLToPath } from "node:url";
import {
  CHIP_SIDE,
  chipBytes,
  FaceWorkSchema,
  create,
  faceWorkSubject,
  newJobId,
  toBinary,
  workMessageId,
  type Result,
} from "@similarfaces/contracts";
import { NODE_TYPES, inFlightMax, openInference, type Inference } from "@similarfaces/inference";
import {
  connectBroker,
  createLog,
  createMetrics,
  provision,
  publishWork,
  runStage,
  storedResult,
  type Broker,
  type RunningStage,
} from "@similarfaces/runtime";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startOipServer, type OipServer } from "../../inference/test/oipServer.js";
import { startNatsServer, type NatsServer } from "../../runtime/test/natsServer.js";
import { createAnalyzer } from "../src/analyzer.js";

/** What model servers run. */
const FLOAT32 = { usual: "float32", of: {} } as const;
const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const { inf2 } = NODE_TYPES;
const FACES = 24;
const FAULTY = 7;

let nats: NatsServer;
let broker: Broker;
let local: Inference;
let server: OipServer;
let remote: Inference;
let stage: RunningStage;

beforeAll(async () => {
  nats = await startNatsServer();
  broker = await connectBroker({ url: nats.url, name: "test" });
  await provision(broker, { replicas: 1, jobTtlMs: 120_000, stages: ["gender"] });
  const shared = { modelsDir: MODELS, models: ["gender"], pack: "compact", precision: FLOAT32 };
  local = await openInference({ ...shared, workers: 1 });
  server = await startOipServer(local, shared.models);
  const { batchSizeMax } = inf2;
  // Longer than a busy machine takes to pull eight messages.
  const modelServer = { url: server.url, batchSizeMax, batchWaitMs: 200 };
  remote = await openInference({ ...shared, workers: inf2.lanes, modelServer });
});
afterAll(async () => {
  await stage?.drain();
  await remote?.close();
  await server?.close();
  await local?.close();
  await broker?.close();
  await nats?.stop();
});

it("chips of several messages go in one run; each is answered, acknowledged and tried again for itself", async () => {
  const jobId = newJobId(Date.now());
  const deadlineAtMs = Date.now() + 60_000;
  for (let face = 0; face < FACES; face++) {
    const chip = new Uint8Array(chipBytes(CHIP_SIDE)).fill(100 + face);
    const work = create(FaceWorkSchema, {
      jobId,
      chipSide: CHIP_SIDE,
      faces: [{ face, chip }],
      deadlineAtMs,
      stages: ["gender"],
    });
    await publishWork(broker, {
      subject: faceWorkSubject(jobId, face),
      data: toBinary(FaceWorkSchema, work),
      messageId: workMessageId(jobId, "face", face),
    });
  }
  server.refuses = 100 + FAULTY;
  server.batches.length = 0;
  stage = await runStage(createAnalyzer("gender", { inference: remote }), {
    broker,
    concurrency: inFlightMax(inf2, "gender"),
    graceMs: 5_000,
    metrics: createMetrics({ service: "test", version: "0", emitters: [] }),
    log: createLog({ service: "test", level: "silent" }),
  });
  const others = Array.from({ length: FACES }, (_, face) => face).filter((face) => face !== FAULTY);
  const results = await Promise.all(others.map((face) => resultOf(jobId, face)));
  expect(results.map(({ attempt }) => attempt)).toEqual(others.map(() => 1));
  expect(Math.max(...server.batches)).toBe(inf2.batchSizeMax);
  expect(await storedResult(broker, jobId, "gender", FAULTY)).toBeUndefined();

  server.refuses = undefined;
  const again = await resultOf(jobId, FAULTY);
  expect(again.outcome.case).toBe("analysis");
  expect(again.attempt).toBeGreaterThan(1);
  await expect
    .poll(async () => (await broker.jsm.streams.info("SF_FACES")).state.messages, { timeout: 20_000 })
    .toBe(0);
});

async function resultOf(jobId: string, face: number): Promise<Result> {
  let result: Result | undefined;
  await expect
    .poll(async () => (result = await storedResult(broker, jobId, "gender", face)), {
      timeout: 40_000,
      interval: 50,
    })
    .toBeDefined();
  return result!;
}
