import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  ImageWorkSchema,
  STREAM_NAMES,
  StageFailure,
  consumer,
  create,
  faceWorkSubject,
  fromBinary,
  imageWorkSubject,
  newJobId,
  toBinary,
  workMessageId,
  type ImageWork,
  type Result,
} from "@similarfaces/contracts";
import { headers, nanos } from "nats";
import { connectBroker, type Broker } from "../src/broker.js";
import { createLog } from "../src/log.js";
import { createMetrics } from "../src/metrics.js";
import { provision } from "../src/provision.js";
import { publishResult, publishWork, storedResult } from "../src/publish.js";
import { ATTEMPTS_MAX } from "../src/retry.js";
import type { Stage, StageCall, StageOutput } from "../src/stage.js";
import { runStage, type RunningStage } from "../src/stageLoop.js";
import { startNatsServer, type NatsServer } from "./natsServer.js";

let server: NatsServer;
let broker: Broker;
let running: RunningStage | undefined;

beforeAll(async () => {
  server = await startNatsServer();
  broker = await connectBroker({ url: server.url, name: "test" });
  await provision(broker, { replicas: 1, jobTtlMs: 60_000, stages: ["extract", "age"] });
});
afterEach(async () => {
  await running?.drain();
  running = undefined;
});
afterAll(async () => {
  await broker?.close();
  await server?.stop();
});

describe("the stage loop", () => {
  it("publishes the answer and its follow-up work, then acknowledges", async () => {
    const jobId = newJobId(Date.now());
    running = await start(async () => ({
      ...found(1),
      work: [{ subject: faceWorkSubject(jobId, 0), data: new Uint8Array(3), messageId: `${jobId}.face.0` }],
    }));
    await submit(jobId);
    const result = await resultOf(jobId);
    expect(result.outcome.case).toBe("extract");
    expect(result.attempt).toBe(1);
    expect(result.timings!.startedAtMs).toBeGreaterThanOrEqual(result.timings!.queuedAtMs);
    await until(async () => (await messagesIn(STREAM_NAMES.images)) === 0);
    expect(await messagesIn(STREAM_NAMES.faces)).toBe(1);
    await broker.jsm.streams.purge(STREAM_NAMES.faces);
  });

  it("tries a retryable failure again and counts the attempts", async () => {
    const jobId = newJobId(Date.now());
    running = await start(async (_work, { attempt }) => {
      if (attempt < 3) throw new StageFailure("model_failed");
      return found(0);
    });
    await submit(jobId);
    expect((await resultOf(jobId)).attempt).toBe(3);
  });

  it("publishes a failure that retrying cannot mend, and never asks again", async () => {
    const jobId = newJobId(Date.now());
    let calls = 0;
    running = await start(async () => {
      calls++;
      throw new StageFailure("undecodable_image");
    });
    await submit(jobId);
    expect((await resultOf(jobId)).outcome).toMatchObject({
      case: "failure",
      value: { code: "undecodable_image", retryable: false },
    });
    await until(async () => (await messagesIn(STREAM_NAMES.images)) === 0);
    expect(calls).toBe(1);
  });

  it("ends a message that ends its process every time, without calling the handler", async () => {
    const jobId = newJobId(Date.now());
    await submit(jobId);
    // Every delivery before was taken by a process that died: here by somebody who hands it back at once.
    const source = await broker.js.consumers.get(STREAM_NAMES.images, "extract");
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const message = await source.next({ expires: 5_000 });
      expect(message?.info.deliveryCount).toBe(attempt);
      message!.nak();
    }
    let calls = 0;
    running = await start(async () => {
      calls++;
      return found(0);
    });
    expect((await resultOf(jobId)).outcome).toMatchObject({ value: { code: "attempts_exhausted" } });
    expect(calls).toBe(0);
  });

  it("answers malformed work with a failure on the job in its subject", async () => {
    const jobId = newJobId(Date.now());
    running = await start(async () => found(0));
    await publishWork(broker, {
      subject: imageWorkSubject(jobId),
      data: new Uint8Array([255, 255, 255]),
      messageId: jobId,
    });
    expect((await resultOf(jobId)).outcome).toMatchObject({ value: { code: "malformed_message" } });
  });

  it("sheds work past its deadline unprocessed, and passes over jobs that did not ask for the stage", async () => {
    let calls = 0;
    running = await start(async () => {
      calls++;
      return found(0);
    });
    const [late, other] = [newJobId(Date.now()), newJobId(Date.now())];
    await submit(late, { deadlineAtMs: Date.now() - 1 });
    await submit(other, { stages: ["age"] });
    await until(async () => (await messagesIn(STREAM_NAMES.images)) === 0);
    expect(calls).toBe(0);
    expect(await storedResult(broker, late, "extract")).toBeUndefined();
  });

  it("keeps one result per field: a redelivered message's second answer is refused", async () => {
    const jobId = newJobId(Date.now());
    let calls = 0;
    running = await start(async () => {
      calls++;
      // The first process died between publishing and acknowledging.
      if (calls === 1) {
        return { ...found(1), beforeAck: () => Promise.reject(new StageFailure("storage_unavailable")) };
      }
      return found(2);
    });
    await submit(jobId);
    await until(async () => calls === 2 && (await messagesIn(STREAM_NAMES.images)) === 0);
    expect((await resultOf(jobId)).outcome).toMatchObject({ value: { facesOmitted: 1 } });
    const again = await publishResult(broker, await resultOf(jobId));
    expect(again.stored).toBe(false);
  });

  it("drains: what is in flight is finished, and nothing new is taken", async () => {
    const [first, second] = [newJobId(Date.now()), newJobId(Date.now() + 1)];
    let begun = 0;
    running = await start(
      async () => {
        begun++;
        await new Promise((resolve) => setTimeout(resolve, 300));
        return found(0);
      },
      { concurrency: 1 },
    );
    await submit(first);
    await until(async () => begun === 1);
    const drained = running.drain();
    await submit(second);
    await drained;
    expect((await resultOf(first)).outcome.case).toBe("extract");
    expect(begun).toBe(1);
    await broker.jsm.streams.purge(STREAM_NAMES.images);
  });

  it("holds no more than it works on, and hands back at once what does not end within the grace", async () => {
    const { images } = STREAM_NAMES;
    await broker.jsm.consumers.update(images, "extract", { ack_wait: nanos(300_000) });
    try {
      const jobs = Array.from({ length: 16 }, (_, i) => newJobId(Date.now() + i));
      let begun = 0;
      // Computes on, whatever it is told.
      const stuck = await start(
        () => {
          begun++;
          return new Promise<never>(() => {});
        },
        { concurrency: 8, graceMs: 50 },
      );
      for (const job of jobs) await submit(job);
      await until(async () => begun === 8);
      expect(await ackPending()).toBe(8);
      await stuck.drain();
      running = await start(async () => found(0), { concurrency: 8 });
      for (const job of jobs) expect((await resultOf(job)).outcome.case).toBe("extract");
      await until(async () => (await ackPending()) === 0);
      expect(begun).toBe(8);
    } finally {
      await broker.jsm.consumers.update(images, "extract", {
        ack_wait: nanos(consumer("extract").ack_wait_ms),
      });
    }
  });

  it("lets go of a message whose handler hangs, once its deadline is over", async () => {
    const { images } = STREAM_NAMES;
    await broker.jsm.consumers.update(images, "extract", { ack_wait: nanos(400) });
    try {
      let calls = 0;
      running = await start(
        () => {
          calls++;
          return new Promise<never>(() => {});
        },
        { ackWaitMs: 400, graceMs: 50 },
      );
      const jobId = newJobId(Date.now());
      await submit(jobId, { deadlineAtMs: Date.now() + 2_000 });
      await until(async () => calls === 1);
      expect(await messagesIn(images)).toBe(1);
      await until(async () => (await messagesIn(images)) === 0);
      // It came again, and was shed.
      expect(calls).toBe(1);
    } finally {
      await broker.jsm.consumers.update(images, "extract", {
        ack_wait: nanos(consumer("extract").ack_wait_ms),
      });
    }
  });

  it("hands back what the broker sends while it drains", async () => {
    const { images } = STREAM_NAMES;
    const publisher = await connectBroker({ url: server.url, name: "publisher" });
    await broker.jsm.consumers.update(images, "extract", { ack_wait: nanos(300_000) });
    try {
      for (let round = 0; round < 20; round++) {
        const idle = await start(async () => found(0));
        await until(async () => (await broker.jsm.consumers.info(images, "extract")).num_waiting > 0);
        const jobId = newJobId(Date.now());
        await Promise.all([submit(jobId, {}, publisher), idle.drain()]);
        const next = await start(async () => found(0));
        expect((await resultOf(jobId)).outcome.case).toBe("extract");
        await next.drain();
      }
    } finally {
      await broker.jsm.consumers.update(images, "extract", {
        ack_wait: nanos(consumer("extract").ack_wait_ms),
      });
      await publisher.close();
    }
  });

  it("pulls again when the broker refuses a pull", async () => {
    const pulls = broker.nc.subscribe(`$JS.API.CONSUMER.MSG.NEXT.${STREAM_NAMES.images}.extract`);
    running = await start(async () => found(0));
    let seen = 0;
    for await (const { reply } of pulls) {
      if (++seen === 2) break;
      broker.nc.publish(reply!, new Uint8Array(0), { headers: headers(400, "Bad Request") });
    }
    const jobId = newJobId(Date.now());
    await submit(jobId);
    expect((await resultOf(jobId)).outcome.case).toBe("extract");
  });

  it("finds its consumer again when that was made anew", async () => {
    running = await start(async () => found(0));
    await until(
      async () => (await broker.jsm.consumers.info(STREAM_NAMES.images, "extract")).num_waiting > 0,
    );
    await broker.jsm.consumers.delete(STREAM_NAMES.images, "extract");
    // Asked while it is not there, the broker says nothing at all.
    await new Promise((resolve) => setTimeout(resolve, 500));
    await provision(broker, { replicas: 1, jobTtlMs: 60_000, stages: ["extract", "age"] });
    const jobId = newJobId(Date.now());
    await submit(jobId);
    expect((await resultOf(jobId)).outcome.case).toBe("extract");
  });

  it("drains while the broker is away", async () => {
    const rejected: unknown[] = [];
    const note = (error: unknown) => rejected.push(error);
    process.on("unhandledRejection", note);
    try {
      const idle = await start(async () => found(0));
      await server.kill();
      const drained = idle.drain();
      await server.restart();
      await drained;
      const next = newJobId(Date.now());
      running = await start(async () => found(0));
      await submit(next);
      expect((await resultOf(next)).outcome.case).toBe("extract");
      expect(rejected).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });

  it("goes on after the broker was killed in the middle of a job", async () => {
    const jobId = newJobId(Date.now());
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let begun = 0;
    running = await start(async () => {
      begun++;
      if (begun === 1) await held;
      return found(0);
    });
    await submit(jobId);
    await until(async () => begun === 1);
    await server.kill();
    release();
    await server.restart();
    expect((await resultOf(jobId)).outcome.case).toBe("extract");
    const next = newJobId(Date.now());
    await submit(next);
    expect((await resultOf(next)).outcome.case).toBe("extract");
  });
});

function start(
  handle: (work: ImageWork, call: StageCall) => Promise<StageOutput>,
  options: { concurrency?: number; graceMs?: number; ackWaitMs?: number } = {},
): Promise<RunningStage> {
  const stage: Stage<ImageWork> = {
    name: "extract",
    decode: (data) => fromBinary(ImageWorkSchema, data),
    handle,
  };
  return runStage(stage, {
    broker,
    concurrency: 2,
    graceMs: 2_000,
    ...options,
    metrics: createMetrics({ service: "test", version: "0", emitters: ["stage"] }),
    log: createLog({ service: "test", level: "silent" }),
  });
}

/** An answer that can be told from others by its count. */
function found(facesOmitted: number): StageOutput {
  return {
    outcome: {
      case: "extract",
      value: { $typeName: "similarfaces.v1.Extracted", faces: [], facesOmitted },
    },
    model: "test@1",
  };
}

async function submit(
  jobId: string,
  changes: { deadlineAtMs?: number; stages?: string[] } = {},
  publisher: Broker = broker,
): Promise<void> {
  const work = create(ImageWorkSchema, {
    jobId,
    deadlineAtMs: Date.now() + 30_000,
    stages: ["extract"],
    ...changes,
  });
  await publishWork(publisher, {
    subject: imageWorkSubject(jobId),
    data: toBinary(ImageWorkSchema, work),
    messageId: workMessageId(jobId, "image"),
  });
}

async function resultOf(jobId: string): Promise<Result> {
  let result: Result | undefined;
  await until(
    async () => (result = await storedResult(broker, jobId, "extract").catch(() => undefined)) !== undefined,
  );
  return result!;
}

async function ackPending(): Promise<number> {
  return (await broker.jsm.consumers.info(STREAM_NAMES.images, "extract")).num_ack_pending;
}

async function messagesIn(stream: string): Promise<number> {
  return (await broker.jsm.streams.info(stream)).state.messages;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const endsAtMs = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > endsAtMs) throw new Error("waited 20 s in vain");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
