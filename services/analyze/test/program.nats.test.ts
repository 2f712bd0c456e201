import { spawn, type ChildProcess } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import {
  CHIP_SIDE,
  chipBytes,
  FaceWorkSchema,
  consumer,
  create,
  faceWorkSubject,
  newJobId,
  provisionSubject,
  toBinary,
  workMessageId,
} from "@similarfaces/contracts";
import {
  connectBroker,
  followModels,
  provideConsumer,
  provision,
  publishWork,
  storedResult,
  type AnnouncedModels,
  type Broker,
} from "@similarfaces/runtime";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startNatsServer, type NatsServer } from "../../runtime/test/natsServer.js";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const PROGRAM = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const PATIENCE = { timeout: 40_000, interval: 50 };

let nats: NatsServer;
let broker: Broker;
let models: AnnouncedModels;
let folder: string;
const running: ChildProcess[] = [];

beforeAll(async () => {
  nats = await startNatsServer();
  broker = await connectBroker({ url: nats.url, name: "test" });
  await provision(broker, { replicas: 1, jobTtlMs: 120_000, stages: ["extract"] });
  // As the service of that name does.
  broker.nc.subscribe(provisionSubject("*"), {
    callback(_error, message) {
      const name = message.subject.split(".").at(-1)!;
      void provideConsumer(broker, consumer(name)).then(() => message.respond(""));
    },
  });
  models = await followModels(broker);
  folder = await mkdtemp(join(tmpdir(), "similarfaces-own-"));
  await cp(join(MODELS, "compact", "emotion"), join(folder, "mood"), { recursive: true });
});
afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  models?.close();
  await broker?.close();
  await nats?.stop();
  await rm(folder, { recursive: true, force: true });
});

function run(env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, [PROGRAM], {
    env: {
      PATH: process.env["PATH"],
      NATS_URL: nats.url,
      HEALTH_PORT: "0",
      INFERENCE_WORKERS: "1",
      LOG_FORMAT: "json",
      ...env,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  running.push(child);
  return child;
}

it("a copied folder is an analyzer: it announces itself, gets its consumer and answers", async () => {
  const child = run({ ANALYZER: "mood", ANALYZER_PACKS: join(folder, "mood") });
  await expect.poll(() => models.analyzers().map(({ name }) => name), PATIENCE).toEqual(["mood"]);
  expect(models.analyzers()[0]).toMatchObject({ title: { en: "Emotion" }, model: { id: "compact-emotion" } });

  const jobId = newJobId(Date.now());
  const chip = new Uint8Array(chipBytes(CHIP_SIDE)).fill(120);
  const work = create(FaceWorkSchema, {
    jobId,
    chipSide: CHIP_SIDE,
    faces: [{ face: 2, chip }],
    deadlineAtMs: Date.now() + 60_000,
    stages: ["extract", "mood"],
  });
  await publishWork(broker, {
    subject: faceWorkSubject(jobId, 2),
    data: toBinary(FaceWorkSchema, work),
    messageId: workMessageId(jobId, "face", 2),
  });
  await expect.poll(() => storedResult(broker, jobId, "mood", 2), PATIENCE).toBeTruthy();
  expect(await storedResult(broker, jobId, "mood", 2)).toMatchObject({
    outcome: { case: "analysis", value: { answers: [{ name: "emotion" }] } },
  });

  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
});

it.each([
  [{}, 2, /ANALYZER is required: the name of an analyzer's folder/],
  [{ ANALYZER: "complete" }, 2, /"complete" is a name of the system itself/],
  [
    { ANALYZER: "taste" },
    2,
    /there is no analyzer \\?"taste\\?" in the packs in use; there are age, gender, /,
  ],
])("%j ends in words", async (env, code, words) => {
  const child = run(env as Record<string, string>);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const told = (await buffer(child.stderr!)).toString();
  expect(await ended).toBe(code);
  expect(told).toMatch(words);
});
