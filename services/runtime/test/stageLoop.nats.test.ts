import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  ImageWorkSchema,
  STREAM_NAMES,
  StageFailure,
  consumer,
  faceWorkSubject,
  fromBinary,
  imageWorkSubject,
  newJobId,
} from "@similarfaces/contracts";
import { nanos } from "nats";
import { connectBroker, type Broker } from "../src/broker/broker.js";
import { provision } from "../src/broker/provision.js";
import { publishResult, publishWork, storedResult } from "../src/broker/publish.js";
import { ATTEMPTS_MAX } from "../src/stage/retry.js";
import type { RunningStage } from "../src/stage/stageLoop.js";
import { found, loopOn, until, type Loop } from "./loop.js";
import { startNatsServer, type NatsServer } from "./natsServer.js";

let server: NatsServer;
let broker: Broker;
let loop: Loop;
let running: RunningStage | undefined;

beforeAll(async () => {
  server = await startNatsServer();
  broker = await connectBroker({ url: server.url, name: "test" });
  await provision(broker, { replicas: 1, jobTtlMs: 60_000, stages: ["extract", "age"] });
  loop = loopOn(broker);
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
    running = await loop.start(async () => ({
      ...found(1),
      work: [{ subject: faceWorkSubject(jobId, 0), data: new Uint8Array(3), messageId: `${jobId}.face.0` }],
    }));
    await loop.submit(jobId);
    const result = await loop.resultOf(jobId);
    expect(result.outcome.case).toBe("extract");
    expect(result.attempt).toBe(1);
    expect(result.timings!.startedAtMs).toBeGreaterThanOrEqual(result.timings!.queuedAtMs);
    await until(async () => (await loop.messagesIn(STREAM_NAMES.images)) === 0);
    expect(await loop.messagesIn(STREAM_NAMES.faces)).toBe(1);
    await broker.jsm.streams.purge(STREAM_NAMES.faces);
  });

  it("tries a retryable failure again and counts the attempts", async () => {
    const jobId = newJobId(Date.now());
    running = await loop.start(async (_work, { attempt }) => {
      if (attempt < 3) throw new StageFailure("model_failed");
      return found(0);
    });
    await loop.submit(jobId);
    expect((await loop.resultOf(jobId)).attempt).toBe(3);
  });

  it("publishes a failure that retrying cannot mend, and never asks again", async () => {
    const jobId = newJobId(Date.now());
    let calls = 0;
    running = await loop.start(async () => {
      calls++;
      throw new StageFailure("undecodable_image");
    });
    await loop.submit(jobId);
    expect((await loop.resultOf(jobId)).outcome).toMatchObject({
      case: "failure",
      value: { code: "undecodable_image", retryable: false },
    });
    await until(async () => (await loop.messagesIn(STREAM_NAMES.images)) === 0);
    expect(calls).toBe(1);
  });

  it("ends a message that ends its process every time, without calling the handler", async () => {
    const jobId = newJobId(Date.now());
    await loop.submit(jobId);
    // Every delivery before was taken by a process that died: here by somebody who hands it back at once.
    const source = await broker.js.consumers.get(STREAM_NAMES.images, "extract");
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const message = await source.next({ expires: 5_000 });
      expect(message?.info.deliveryCount).toBe(attempt);
      message!.nak();
    }
    let calls = 0;
    running = await loop.start(async () => {
      calls++;
      return found(0);
    });
    expect((await loop.resultOf(jobId)).outcome).toMatchObject({ value: { code: "attempts_exhausted" } });
    expect(calls).toBe(0);
  });

  it("answers malformed work with a failure on the job in its subject", async () => {
    const jobId = newJobId(Date.now());
    running = await loop.start(async () => found(0));
    await publishWork(broker, {
      subject: imageWorkSubject(jobId),
      data: new Uint8Array([255, 255, 255]),
      messageId: jobId,
    });
    expect((await loop.resultOf(jobId)).outcome).toMatchObject({ value: { code: "malformed_message" } });
  });

  it("sheds work past its deadline unprocessed, and passes over jobs that did not ask for the stage", async () => {
    let calls = 0;
    running = await loop.start(async () => {
      calls++;
      return found(0);
    });
    const [late, other] = [newJobId(Date.now()), newJobId(Date.now())];
    await loop.submit(late, { deadlineAtMs: Date.now() - 1 });
    await loop.submit(other, { stages: ["age"] });
    await until(async () => (await loop.messagesIn(STREAM_NAMES.images)) === 0);
    expect(calls).toBe(0);
    expect(await storedResult(broker, late, "extract")).toBeUndefined();
  });

  it("keeps one result per field: a redelivered message's second answer is refused", async () => {
    const jobId = newJobId(Date.now());
    let calls = 0;
    running = await loop.start(async () => {
      calls++;
      // The first process died between publishing and acknowledging.
      if (calls === 1) {
        return { ...found(1), beforeAck: () => Promise.reject(new StageFailure("storage_unavailable")) };
      }
      return found(2);
    });
    await loop.submit(jobId);
    await until(async () => calls === 2 && (await loop.messagesIn(STREAM_NAMES.images)) === 0);
    expect((await loop.resultOf(jobId)).outcome).toMatchObject({ value: { facesOmitted: 1 } });
    const again = await publishResult(broker, await loop.resultOf(jobId));
    expect(again.stored).toBe(false);
  });

  it("lets go of a message whose handler hangs, once its deadline is over", async () => {
    const { images } = STREAM_NAMES;
    await broker.jsm.consumers.update(images, "extract", { ack_wait: nanos(400) });
    try {
      let calls = 0;
      let deadlineAtMs: number | undefined;
      running = await loop.start(
        () => {
          calls++;
          return new Promise<never>(() => {});
        },
        {
          ackWaitMs: 400,
          graceMs: 50,
          // The deadline counts from the first delivery, whenever that is.
          decode: (data) => [
            {
              ...fromBinary(ImageWorkSchema, data),
              deadlineAtMs: (deadlineAtMs ??= Date.now() + 1_000),
            },
          ],
        },
      );
      const jobId = newJobId(Date.now());
      await loop.submit(jobId);
      await until(async () => calls === 1);
      expect(await loop.messagesIn(images)).toBe(1);
      await until(async () => (await loop.messagesIn(images)) === 0);
      // It came again, and was shed.
      expect(calls).toBe(1);
    } finally {
      await broker.jsm.consumers.update(images, "extract", {
        ack_wait: nanos(consumer("extract").ack_wait_ms),
      });
    }
  });

  it("calls off at its deadline what is under way, and sheds it: no retry, no failure", async () => {
    const calls: { attempt: number; abortedAtMs: number }[] = [];
    const abandoned: string[] = [];
    running = await loop.start(
      (_work, { signal, attempt }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            calls.push({ attempt, abortedAtMs: Date.now() });
            reject(new StageFailure("model_failed"));
          });
        }),
      { abandon: async (jobId) => void abandoned.push(jobId) },
    );
    const jobId = newJobId(Date.now());
    const deadlineAtMs = Date.now() + 1_000;
    await loop.submit(jobId, { deadlineAtMs });
    await until(async () => abandoned.length > 0 && (await loop.messagesIn(STREAM_NAMES.images)) === 0);
    expect(abandoned).toEqual([jobId]);
    expect(calls).toHaveLength(1);
    expect(calls[0]!.abortedAtMs).toBeGreaterThanOrEqual(deadlineAtMs - 5);
    expect(await storedResult(broker, jobId, "extract")).toBeUndefined();
  });
});
