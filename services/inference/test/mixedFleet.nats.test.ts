import {
  AnalysisSchema,
  FaceWorkSchema,
  create,
  faceWorkSubject,
  fromBinary,
  newJobId,
  toBinary,
  workMessageId,
} from "@similarfaces/contracts";
import {
  connectBroker,
  createLog,
  createMetrics,
  provision,
  publishWork,
  runStage,
  type Broker,
  type RunningStage,
  type Stage,
} from "@similarfaces/runtime";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../runtime/test/loop.js";
import { startNatsServer, type NatsServer } from "../../runtime/test/natsServer.js";
import { NODE_TYPES, inFlightMax, type NodeTypeName } from "../src/service/nodeTypes.js";

let server: NatsServer;
let broker: Broker;
let replicas: Replica[] = [];
/** Faces answered, by job and index, as often as a handler ended. */
let answered: Map<string, number>;

interface Replica {
  handled: number;
  stage: RunningStage;
}

beforeAll(async () => {
  server = await startNatsServer();
  broker = await connectBroker({ url: server.url, name: "test" });
  await provision(broker, { replicas: 1, jobTtlMs: 120_000, stages: ["age"] });
});
afterEach(async () => {
  await Promise.all(replicas.map(({ stage }) => stage.drain()));
  replicas = [];
});
afterAll(async () => {
  await broker?.close();
  await server?.stop();
});

describe("replicas of one stage on one consumer", () => {
  it("take work in proportion to their speed, whatever they run on", async () => {
    answered = new Map();
    // A lane of 20 ms per chip, and eight of 10 ms behind a model server: sixteen times as fast.
    const [slow, fast] = [
      await replica("cpu", { lanes: 1, msPerChip: 20 }),
      await replica("inf2", { lanes: 8, msPerChip: 10 }),
    ];
    const faces = 1_200;
    await submit(faces);
    await until(async () => answered.size >= faces);
    expect(slow.handled + fast.handled).toBe(faces);
    const ratio = fast.handled / slow.handled;
    // Timers of a busy machine are late by a millisecond or two, which costs the faster one more.
    expect(ratio).toBeGreaterThan(6);
    expect(ratio).toBeLessThan(24);
  });

  it("lose nothing and repeat nothing when some come and others go under load", async () => {
    answered = new Map();
    const faces = 600;
    await replica("cpu", { lanes: 1, msPerChip: 15 });
    const submitting = submit(faces);
    for (let round = 0; round < 4; round++) {
      await replica("cpu", { lanes: 1, msPerChip: 15 });
      await new Promise((resolve) => setTimeout(resolve, 250));
      const leaving = replicas.shift()!;
      await leaving.stage.drain();
    }
    const newest = await replica("cpu", { lanes: 1, msPerChip: 15 });
    await submitting;
    await until(async () => answered.size >= faces);
    expect([...answered.values()].filter((times) => times > 1)).toEqual([]);
    expect(newest.handled).toBeGreaterThan(0);
    await until(async () => (await broker.jsm.consumers.info("SF_FACES", "age")).num_ack_pending === 0);
  });
});

/** A replica whose model takes `msPerChip` per lane. */
async function replica(
  type: NodeTypeName,
  { lanes, msPerChip }: { lanes: number; msPerChip: number },
): Promise<Replica> {
  const own = { handled: 0 } as Replica;
  const waiting: (() => void)[] = [];
  let free = lanes;
  const stage: Stage = {
    name: "age",
    decode: (data) => {
      const { jobId, faces, deadlineAtMs } = fromBinary(FaceWorkSchema, data);
      return faces.map(({ face }) => ({ jobId, face, deadlineAtMs }));
    },
    async handle({ jobId, face }) {
      if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
      else free--;
      await new Promise((resolve) => setTimeout(resolve, msPerChip));
      const next = waiting.shift();
      if (next) next();
      else free++;
      own.handled++;
      const key = `${jobId}.${face}`;
      answered.set(key, (answered.get(key) ?? 0) + 1);
      return { model: "test@1", outcome: { case: "analysis", value: create(AnalysisSchema, {}) } };
    },
  };
  own.stage = await runStage(stage, {
    broker,
    concurrency: inFlightMax(NODE_TYPES[type], "age", lanes),
    graceMs: 10_000,
    metrics: createMetrics({ service: "test", version: "0", emitters: [] }),
    log: createLog({ service: "test", level: "silent" }),
  });
  replicas.push(own);
  return own;
}

async function submit(faces: number): Promise<void> {
  const jobId = newJobId(Date.now());
  const deadlineAtMs = Date.now() + 100_000;
  for (let face = 0; face < faces; face++) {
    const work = create(FaceWorkSchema, { jobId, faces: [{ face }], deadlineAtMs });
    await publishWork(broker, {
      subject: faceWorkSubject(jobId, face),
      data: toBinary(FaceWorkSchema, work),
      messageId: workMessageId(jobId, "face", face),
    });
  }
}
