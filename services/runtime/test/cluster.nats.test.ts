import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  FaceWorkSchema,
  STREAM_NAMES,
  create,
  faceWorkSubject,
  fromBinary,
  newJobId,
  resultSubject,
  toBinary,
  workMessageId,
} from "@similarfaces/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { galleryBlobKey } from "../src/blobs/blobs.js";
import { openNatsBlobs } from "../src/blobs/nats.js";
import { connectBroker, type Broker } from "../src/broker/broker.js";
import { createLog } from "../src/telemetry/log.js";
import { createMetrics } from "../src/telemetry/metrics.js";
import { publishWork } from "../src/broker/publish.js";
import type { Stage } from "../src/stage/stage.js";
import { runStage, type RunningStage } from "../src/stage/stageLoop.js";
import { startNatsCluster, type NatsCluster } from "./natsCluster.js";

const PROVISION = fileURLToPath(new URL("../dist/broker/provisionMain.js", import.meta.url));
const FACES = 200;

let cluster: NatsCluster;
let broker: Broker;
const running: RunningStage[] = [];
const brokers: Broker[] = [];

beforeAll(async () => {
  cluster = await startNatsCluster();
});
afterAll(async () => {
  await Promise.all(running.map((stage) => stage.drain()));
  await Promise.all(brokers.map((each) => each.close()));
  await cluster?.stop();
});

describe("a broker of three servers", () => {
  it("is provisioned while it still comes together, every stream and store with three copies", async () => {
    const { status, stderr } = spawnSync(process.execPath, [PROVISION], {
      env: { NATS_URL: cluster.url, REPLICAS: "3" },
      encoding: "utf8",
      timeout: 90_000,
    });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    broker = await connect();
    for await (const { config } of broker.jsm.streams.list())
      expect(config.num_replicas, config.name).toBe(3);
  });

  it("loses one of them in the middle of the work, its streams' leader, and no answer", async () => {
    const jobId = newJobId(Date.now());
    const answered = new Map<number, number>();
    for (let replica = 0; replica < 2; replica++) running.push(await stage(answered));
    const submitting = submit(jobId);
    await expect.poll(() => answered.size, { timeout: 60_000 }).toBeGreaterThan(FACES / 10);
    const { cluster: placed } = await broker.jsm.streams.info(STREAM_NAMES.faces);
    await cluster.kill(placed!.leader!);
    await submitting;
    await expect.poll(() => answered.size, { timeout: 60_000, interval: 100 }).toBe(FACES);
    const stored = async () =>
      (
        await broker.jsm.streams.info(STREAM_NAMES.results, {
          subjects_filter: resultSubject(jobId, "age", 0).replace(/0$/, "*"),
        })
      ).state.num_subjects;
    await expect.poll(() => stored().catch(() => 0), { timeout: 60_000, interval: 200 }).toBe(FACES);
    await expect.poll(() => waiting().catch(() => -1), { timeout: 60_000, interval: 200 }).toBe(0);

    const blobs = await openNatsBlobs(broker, { jobTtlMs: 600_000 });
    await blobs.put(galleryBlobKey("two-of-three"), new Uint8Array(300_000), "image/jpeg");
    expect((await blobs.get(galleryBlobKey("two-of-three")))?.bytes.length).toBe(300_000);
    await cluster.restart(placed!.leader!);
  });
});

async function connect(): Promise<Broker> {
  const each = await connectBroker({ url: cluster.url, name: "test" });
  brokers.push(each);
  return each;
}

async function stage(answered: Map<number, number>): Promise<RunningStage> {
  const age: Stage = {
    name: "age",
    decode: (data) => [fromBinary(FaceWorkSchema, data)],
    async handle({ face }) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      answered.set(face!, (answered.get(face!) ?? 0) + 1);
      return {
        model: "test@1",
        outcome: { case: "age", value: { years: 30, lowYears: 20, highYears: 40 } },
      } as never;
    },
  };
  return runStage(age, {
    broker: await connect(),
    concurrency: 4,
    graceMs: 5_000,
    metrics: createMetrics({ service: "test", version: "0", emitters: [] }),
    log: createLog({ service: "test", level: "silent" }),
  });
}

async function submit(jobId: string): Promise<void> {
  const deadlineAtMs = Date.now() + 120_000;
  for (let face = 0; face < FACES; face++) {
    await publishWork(broker, {
      subject: faceWorkSubject(jobId, face),
      data: toBinary(
        FaceWorkSchema,
        create(FaceWorkSchema, { jobId, faces: [{ face }], deadlineAtMs, stages: ["age"] }),
      ),
      messageId: workMessageId(jobId, "face", face),
    });
  }
}

/** Of the stage's own consumer; the others of the stream are read by nobody here. */
async function waiting(): Promise<number> {
  const { num_pending, num_ack_pending } = await broker.jsm.consumers.info(STREAM_NAMES.faces, "age");
  return num_pending + num_ack_pending;
}
