import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  STREAM_NAMES,
  StageFailure,
  imageWorkSubject,
  newJobId,
  type ImageWork,
} from "@similarfaces/contracts";
import { nanos } from "nats";
import { connectBroker, type Broker } from "../src/broker/broker.js";
import { provision } from "../src/broker/provision.js";
import { publishWork, storedResult } from "../src/broker/publish.js";
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
  await broker.jsm.streams.purge(STREAM_NAMES.images);
});
afterAll(async () => {
  await broker?.close();
  await server?.stop();
});

const HEAVY = { width: 10_000, height: 6_000 };
const weightOf = ({ size }: ImageWork) => (size?.width === HEAVY.width ? 3 : 1);
const emptied = async () => (await loop.messagesIn(STREAM_NAMES.images)) === 0;

describe("the stage loop and heavy work", () => {
  it.each([1, 2, 4])(
    "answers a small job while eight heavy ones are under way, of %i places",
    async (concurrency) => {
      let release = () => {};
      const held = new Promise<void>((resolve) => (release = resolve));
      let heavyAtOnce = 0;
      let heavyAtOnceMax = 0;
      running = await loop.start(
        async ({ size }) => {
          if (size?.width !== HEAVY.width) return found(1);
          heavyAtOnceMax = Math.max(heavyAtOnceMax, ++heavyAtOnce);
          await held;
          heavyAtOnce--;
          return found(0);
        },
        { concurrency, weightOf },
      );
      const heavy = Array.from({ length: 8 }, (_, i) => newJobId(Date.now() + i));
      for (const job of heavy) await loop.submit(job, { size: HEAVY });
      const small = newJobId(Date.now() + 100);
      await loop.submit(small);
      expect((await loop.resultOf(small)).outcome).toMatchObject({ value: { facesOmitted: 1 } });
      expect(heavyAtOnce).toBe(1);
      for (const job of heavy) expect(await storedResult(broker, job, "extract")).toBeUndefined();
      release();
      for (const job of heavy) expect((await loop.resultOf(job)).outcome.case).toBe("extract");
      expect(heavyAtOnceMax).toBe(1);
    },
  );

  it("keeps those that wait for their turn alive, and gives each one turn", async () => {
    const { images } = STREAM_NAMES;
    await broker.jsm.consumers.update(images, "extract", { ack_wait: nanos(400) });
    try {
      const attempts: number[] = [];
      running = await loop.start(
        async (_work, { attempt }) => {
          attempts.push(attempt);
          await new Promise((resolve) => setTimeout(resolve, 300));
          return found(0);
        },
        { concurrency: 2, ackWaitMs: 400, weightOf },
      );
      const jobs = Array.from({ length: 5 }, (_, i) => newJobId(Date.now() + i));
      for (const job of jobs) await loop.submit(job, { size: HEAVY });
      for (const job of jobs) await loop.resultOf(job);
      await until(emptied);
      // The last waited for longer than the ack wait.
      expect(attempts).toHaveLength(5);
    } finally {
      await broker.jsm.consumers.update(images, "extract", { ack_wait: nanos(10_000) });
    }
  });

  it("hands back at once what still waits for its turn when it drains", async () => {
    const { images } = STREAM_NAMES;
    await broker.jsm.consumers.update(images, "extract", { ack_wait: nanos(300_000) });
    try {
      let release = () => {};
      const held = new Promise<void>((resolve) => (release = resolve));
      let begun = 0;
      const first = await loop.start(
        async () => {
          begun++;
          await held;
          return found(0);
        },
        { weightOf, graceMs: 120_000 },
      );
      const jobs = Array.from({ length: 4 }, (_, i) => newJobId(Date.now() + i));
      for (const job of jobs) await loop.submit(job, { size: HEAVY });
      await until(async () => begun === 1 && (await loop.ackPending()) === 4);
      const drained = first.drain();
      running = await loop.start(async () => found(1), { weightOf });
      for (const job of jobs.slice(1)) {
        expect((await loop.resultOf(job)).outcome).toMatchObject({ value: { facesOmitted: 1 } });
      }
      release();
      await drained;
      expect((await loop.resultOf(jobs[0]!)).outcome).toMatchObject({ value: { facesOmitted: 0 } });
      expect(begun).toBe(1);
    } finally {
      await broker.jsm.consumers.update(images, "extract", { ack_wait: nanos(10_000) });
    }
  });

  it("sheds what came past its deadline while it waited", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const handled: string[] = [];
    const abandoned: string[] = [];
    running = await loop.start(
      async ({ jobId }) => {
        handled.push(jobId);
        await held;
        return found(0);
      },
      { weightOf, abandon: async (jobId) => void abandoned.push(jobId) },
    );
    const [first, late] = [newJobId(Date.now()), newJobId(Date.now() + 1)];
    await loop.submit(first, { size: HEAVY });
    const deadlineAtMs = Date.now() + 1_000;
    await loop.submit(late, { size: HEAVY, deadlineAtMs });
    await until(async () => Date.now() > deadlineAtMs);
    release();
    await until(emptied);
    expect(handled).toEqual([first]);
    expect(abandoned).toContain(late);
  });
});

describe("what a job left", () => {
  it("can go once it has failed, was shed, cannot be read or has used up its attempts; not before, and not when it is answered", async () => {
    const abandoned: string[] = [];
    const [exhausted, failing, late, retried, answered] = [0, 1, 2, 3, 4].map((i) =>
      newJobId(Date.now() + i),
    ) as [string, string, string, string, string];
    await loop.submit(exhausted);
    const source = await broker.js.consumers.get(STREAM_NAMES.images, "extract");
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) (await source.next({ expires: 30_000 }))!.nak();
    let atSecondAttempt: string[] | undefined;
    running = await loop.start(
      async ({ jobId }, { attempt }) => {
        if (jobId === failing) throw new StageFailure("undecodable_image");
        if (jobId === retried && attempt === 1) throw new StageFailure("model_failed");
        if (jobId === retried) atSecondAttempt = [...abandoned];
        return found(0);
      },
      {
        async abandon(jobId) {
          abandoned.push(jobId);
          throw new StageFailure("storage_unavailable");
        },
      },
    );
    const malformed = newJobId(Date.now() + 5);
    await publishWork(broker, {
      subject: imageWorkSubject(malformed),
      data: new Uint8Array([255, 255, 255]),
      messageId: malformed,
    });
    await loop.submit(failing);
    await loop.submit(late, { deadlineAtMs: Date.now() - 1 });
    await loop.submit(retried);
    await loop.submit(answered);
    for (const job of [exhausted, failing, retried, answered, malformed]) await loop.resultOf(job);
    await until(emptied);
    await until(async () => abandoned.length >= 4);
    expect(abandoned.toSorted()).toEqual([exhausted, failing, late, malformed].toSorted());
    expect(atSecondAttempt).not.toContain(retried);
  });
});
