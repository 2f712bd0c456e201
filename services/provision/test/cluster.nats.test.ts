import {
  MODEL_STREAM,
  AnalysisSchema,
  chipBytes,
  CHIP_SIDE,
  FaceWorkSchema,
  STREAM_NAMES,
  chipsOfWork,
  create,
  faceWorkSubject,
  newJobId,
  provisionSubject,
  resultSubject,
  toBinary,
  workMessageId,
  type ChipPiece,
} from "@similarfaces/contracts";
import {
  connectBroker,
  createLog,
  createMetrics,
  followModels,
  galleryBlobKey,
  publishWork,
  runStage,
  type Broker,
  type RunningStage,
  type Stage,
} from "@similarfaces/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openNatsBlobs } from "../../runtime/src/blobs/nats.js";
import { startNatsCluster, type NatsCluster } from "../../runtime/test/natsCluster.js";
import { startProgram, type Program } from "./program.js";

const FACES = 200;

let cluster: NatsCluster;
let program: Program;
let broker: Broker;
const running: RunningStage[] = [];
const brokers: Broker[] = [];

beforeAll(async () => {
  cluster = await startNatsCluster();
});
afterAll(async () => {
  await Promise.all(running.map((stage) => stage.drain()));
  await Promise.all(brokers.map((each) => each.close()));
  await program?.exitCode("SIGKILL");
  await cluster?.stop();
});

describe("a broker of three servers", () => {
  it("is provisioned while it still comes together, every stream and store with three copies", async () => {
    const env = { NATS_URL: cluster.url, REPLICAS: "3", STAGES: "extract,embed,age,match,enrol" };
    program = startProgram({ ...env, HEALTH_PORT: "0", LOG_FORMAT: "json" });
    await expect.poll(() => program.output(), { timeout: 90_000 }).toContain('"msg":"ready"');
    broker = await connect();
    const names: string[] = [];
    for await (const { config } of broker.jsm.streams.list()) {
      expect(config.num_replicas, config.name).toBe(3);
      names.push(config.name);
    }
    expect(names).toEqual(expect.arrayContaining([MODEL_STREAM, ...Object.values(STREAM_NAMES)]));
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

  it("has lost no announcement, and whoever provisions answers as before", async () => {
    const models = await followModels(broker);
    expect(models.analyzers().map(({ name }) => name)).toEqual(["age"]);
    models.close();
    const ask = () => broker.nc.request(provisionSubject("mask"), "", { timeout: 5_000 });
    await expect.poll(async () => (await ask()).string(), { timeout: 60_000 }).toBe("");
    expect(await program.exitCode("SIGTERM")).toBe(0);
  });
});

async function connect(): Promise<Broker> {
  const each = await connectBroker({ url: cluster.url, name: "test" });
  brokers.push(each);
  return each;
}

async function stage(answered: Map<number, number>): Promise<RunningStage> {
  const age: Stage<ChipPiece> = {
    name: "age",
    decode: chipsOfWork,
    async handle({ face }) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      answered.set(face, (answered.get(face) ?? 0) + 1);
      return { model: "test@1", outcome: { case: "analysis", value: create(AnalysisSchema) } };
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
  const chip = new Uint8Array(chipBytes(CHIP_SIDE));
  for (let face = 0; face < FACES; face++) {
    await publishWork(broker, {
      subject: faceWorkSubject(jobId, face),
      data: toBinary(
        FaceWorkSchema,
        create(FaceWorkSchema, {
          jobId,
          faces: [{ face, chip }],
          chipSide: CHIP_SIDE,
          deadlineAtMs,
          stages: ["age"],
        }),
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
