import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  EmbeddedSchema,
  STREAM_NAMES,
  StageFailure,
  create,
  faceWorkSubject,
  newJobId,
  workMessageId,
  type Result,
} from "@similarfaces/contracts";
import { connectBroker, type Broker } from "../src/broker/broker.js";
import { provision } from "../src/broker/provision.js";
import { publishWork, storedResult } from "../src/broker/publish.js";
import { ATTEMPTS_MAX } from "../src/stage/retry.js";
import type { StageCall, StageOutput, StageWork } from "../src/stage/stage.js";
import { runStage, type RunningStage } from "../src/stage/stageLoop.js";
import { createLog } from "../src/telemetry/log.js";
import { createMetrics } from "../src/telemetry/metrics.js";
import { until } from "./loop.js";
import { startNatsServer, type NatsServer } from "./natsServer.js";

interface Face extends StageWork {
  readonly face: number;
}

let server: NatsServer;
let broker: Broker;
let running: RunningStage | undefined;

beforeAll(async () => {
  server = await startNatsServer();
  broker = await connectBroker({ url: server.url, name: "test" });
  await provision(broker, { replicas: 1, jobTtlMs: 60_000, stages: ["extract", "embed"] });
});
afterEach(async () => {
  await running?.drain();
  running = undefined;
  await broker.jsm.streams.purge(STREAM_NAMES.faces);
});
afterAll(async () => {
  await broker?.close();
  await server?.stop();
});

describe("a message of three pieces", () => {
  it("is handled piece by piece at once, answered on a subject each, and acknowledged when all have ended", async () => {
    const jobId = newJobId(Date.now());
    const priorities: number[] = [];
    const begun = new Set<number>();
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await start(async ({ face }, { priority }) => {
      priorities.push(priority);
      begun.add(face);
      if (face === 2) await held;
      return answer(face);
    });
    await submit(jobId);
    await until(async () => begun.size === 3);
    expect((await resultOf(jobId, 0)).model).toBe("test@0");
    expect((await resultOf(jobId, 1)).model).toBe("test@1");
    expect(await isWaiting()).toBe(true);
    release();
    expect((await resultOf(jobId, 2)).model).toBe("test@2");
    await until(async () => !(await isWaiting()));
    // Jobs finish in turn: a later face waits for other jobs' earlier ones.
    expect(priorities.map((priority) => priority - priorities[0]!)).toEqual([0, 50, 100]);
  });

  it("takes room per piece", async () => {
    let atOnce = 0;
    let atOnceMax = 0;
    await start(
      async ({ face }) => {
        atOnceMax = Math.max(atOnceMax, ++atOnce);
        await new Promise((resolve) => setTimeout(resolve, 30));
        atOnce--;
        return answer(face);
      },
      { concurrency: 2 },
    );
    const jobs = [newJobId(Date.now()), newJobId(Date.now() + 1)];
    for (const job of jobs) await submit(job);
    for (const job of jobs) for (const face of [0, 1, 2]) await resultOf(job, face);
    expect(atOnceMax).toBe(2);
  });

  it("comes again for the piece that failed and may not fail again; the others keep their first results", async () => {
    const jobId = newJobId(Date.now());
    const abandoned: (number | undefined)[] = [];
    await start(
      async ({ face }, { attempt }) => {
        if (face === 1 && attempt === 1) throw new StageFailure("model_failed");
        return answer(face);
      },
      { abandon: async (_job, face) => void abandoned.push(face) },
    );
    await submit(jobId);
    expect((await resultOf(jobId, 1)).attempt).toBe(2);
    await until(async () => !(await isWaiting()));
    expect((await resultOf(jobId, 0)).attempt).toBe(1);
    expect((await resultOf(jobId, 2)).attempt).toBe(1);
    expect(abandoned).toEqual([]);
  });

  it("fails one piece for good while the others are answered, and does not come again", async () => {
    const jobId = newJobId(Date.now());
    const attempts: number[] = [];
    const abandoned: (number | undefined)[] = [];
    await start(
      async ({ face }, { attempt }) => {
        attempts.push(attempt);
        if (face === 1) throw new StageFailure("undecodable_image");
        return answer(face);
      },
      { abandon: async (_job, face) => void abandoned.push(face) },
    );
    await submit(jobId);
    expect((await resultOf(jobId, 1)).outcome).toMatchObject({
      case: "failure",
      value: { code: "undecodable_image" },
    });
    for (const face of [0, 2]) expect((await resultOf(jobId, face)).outcome.case).toBe("embed");
    await until(async () => !(await isWaiting()) && abandoned.length > 0);
    expect(attempts).toEqual([1, 1, 1]);
    expect(abandoned).toEqual([1]);
  });

  it("past its attempts fails those pieces that have no result", async () => {
    const jobId = newJobId(Date.now());
    let calls = 0;
    const first = await start(async ({ face }) => {
      calls++;
      // The process of the first delivery answers one piece and dies over the others.
      if (face > 0) return new Promise<never>(() => {});
      return answer(face);
    });
    await submit(jobId);
    await resultOf(jobId, 0);
    await first.drain();
    const source = await broker.js.consumers.get(STREAM_NAMES.faces, "embed");
    for (let attempt = 2; attempt <= ATTEMPTS_MAX; attempt++) {
      const message = await source.next({ expires: 30_000 });
      expect(message?.info.deliveryCount).toBe(attempt);
      message!.nak();
    }
    const abandoned: (number | undefined)[] = [];
    await start(async ({ face }) => (calls++, answer(face)), {
      abandon: async (_job, face) => void abandoned.push(face),
    });
    for (const face of [1, 2]) {
      expect((await resultOf(jobId, face)).outcome).toMatchObject({ value: { code: "attempts_exhausted" } });
    }
    expect((await resultOf(jobId, 0)).model).toBe("test@0");
    await until(async () => abandoned.length === 3);
    expect(await isWaiting()).toBe(false);
    expect(calls).toBe(3);
  });

  it("is handed back by a drain for the pieces that do not end, after the others' results are stored", async () => {
    const jobId = newJobId(Date.now());
    const first = await start(
      ({ face }, { signal }) =>
        face === 0
          ? Promise.resolve(answer(face))
          : new Promise((_resolve, reject) => {
              signal.addEventListener("abort", () => reject(new StageFailure("model_failed")));
            }),
      { graceMs: 50 },
    );
    await submit(jobId);
    await resultOf(jobId, 0);
    await first.drain();
    await start(async ({ face }) => answer(face));
    for (const face of [1, 2]) expect((await resultOf(jobId, face)).attempt).toBe(2);
    expect((await resultOf(jobId, 0)).attempt).toBe(1);
  });

  it("is malformed where a piece is of another job than its subject", async () => {
    const jobId = newJobId(Date.now());
    let calls = 0;
    await start(async ({ face }) => (calls++, answer(face)));
    await submit(jobId, [{ jobId: newJobId(Date.now() + 1), face: 0, deadlineAtMs: Date.now() + 60_000 }]);
    expect((await resultOf(jobId, 0)).outcome).toMatchObject({ value: { code: "malformed_message" } });
    await until(async () => !(await isWaiting()));
    expect(calls).toBe(0);
  });
});

/** A stage of its own form of message: its pieces as JSON. */
async function start(
  handle: (face: Face, call: StageCall) => Promise<StageOutput>,
  {
    concurrency = 3,
    graceMs = 1_000,
    abandon,
  }: {
    concurrency?: number;
    graceMs?: number;
    abandon?: (jobId: string, face?: number) => Promise<void>;
  } = {},
): Promise<RunningStage> {
  const decode = (data: Uint8Array) => JSON.parse(new TextDecoder().decode(data)) as Face[];
  running = await runStage(
    { name: "embed", decode, handle, ...(abandon ? { abandon } : {}) },
    {
      broker,
      concurrency,
      graceMs,
      metrics: createMetrics({ service: "test", version: "0", emitters: ["stage"] }),
      log: createLog({ service: "test", level: "silent" }),
    },
  );
  return running;
}

/** An answer that can be told from others by its model. */
function answer(face: number): StageOutput {
  return { outcome: { case: "embed", value: create(EmbeddedSchema) }, model: `test@${face}` };
}

async function submit(jobId: string, faces?: readonly Face[]): Promise<void> {
  const pieces =
    faces ??
    [0, 1, 2].map((face) => ({ jobId, face, deadlineAtMs: Date.now() + 120_000, stages: ["embed"] }));
  await publishWork(broker, {
    subject: faceWorkSubject(jobId, 0),
    data: new TextEncoder().encode(JSON.stringify(pieces)),
    messageId: workMessageId(jobId, "face", 0),
  });
}

async function resultOf(jobId: string, face: number): Promise<Result> {
  let result: Result | undefined;
  await until(async () => (result = await storedResult(broker, jobId, "embed", face)) !== undefined);
  return result!;
}

async function isWaiting(): Promise<boolean> {
  return (await broker.jsm.streams.info(STREAM_NAMES.faces)).state.messages > 0;
}
