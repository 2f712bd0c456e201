import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { STREAM_NAMES, consumer, newJobId } from "@similarfaces/contracts";
import { headers, nanos } from "nats";
import { connectBroker, type Broker } from "../src/broker/broker.js";
import { provision } from "../src/broker/provision.js";
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

describe("the stage loop, drained or parted from its consumer", () => {
  it("drains: what is in flight is finished, and nothing new is taken", async () => {
    const [first, second] = [newJobId(Date.now()), newJobId(Date.now() + 1)];
    let begun = 0;
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    running = await loop.start(
      async () => {
        begun++;
        await held;
        return found(0);
      },
      { concurrency: 1, graceMs: 120_000 },
    );
    await loop.submit(first);
    await until(async () => begun === 1);
    const drained = running.drain();
    await loop.submit(second);
    release();
    await drained;
    expect((await loop.resultOf(first)).outcome.case).toBe("extract");
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
      const stuck = await loop.start(
        () => {
          begun++;
          return new Promise<never>(() => {});
        },
        { concurrency: 8, graceMs: 50 },
      );
      for (const job of jobs) await loop.submit(job);
      await until(async () => begun === 8);
      expect(await loop.ackPending()).toBe(8);
      await stuck.drain();
      running = await loop.start(async () => found(0), { concurrency: 8 });
      for (const job of jobs) expect((await loop.resultOf(job)).outcome.case).toBe("extract");
      await until(async () => (await loop.ackPending()) === 0);
      expect(begun).toBe(8);
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
        const idle = await loop.start(async () => found(0));
        await until(async () => (await broker.jsm.consumers.info(images, "extract")).num_waiting > 0);
        const jobId = newJobId(Date.now());
        await Promise.all([loop.submit(jobId, {}, publisher), idle.drain()]);
        const next = await loop.start(async () => found(0));
        expect((await loop.resultOf(jobId)).outcome.case).toBe("extract");
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
    running = await loop.start(async () => found(0));
    let seen = 0;
    for await (const { reply } of pulls) {
      if (++seen === 2) break;
      broker.nc.publish(reply!, new Uint8Array(0), { headers: headers(400, "Bad Request") });
    }
    const jobId = newJobId(Date.now());
    await loop.submit(jobId);
    expect((await loop.resultOf(jobId)).outcome.case).toBe("extract");
  });

  it("finds its consumer again when that was made anew", async () => {
    running = await loop.start(async () => found(0));
    await until(
      async () => (await broker.jsm.consumers.info(STREAM_NAMES.images, "extract")).num_waiting > 0,
    );
    const pulls = broker.nc.subscribe(`$JS.API.CONSUMER.MSG.NEXT.${STREAM_NAMES.images}.extract`, { max: 1 });
    await broker.jsm.consumers.delete(STREAM_NAMES.images, "extract");
    // Asked while it is not there, the broker says nothing at all.
    for await (const _ of pulls);
    await provision(broker, { replicas: 1, jobTtlMs: 60_000, stages: ["extract", "age"] });
    const jobId = newJobId(Date.now());
    await loop.submit(jobId);
    expect((await loop.resultOf(jobId)).outcome.case).toBe("extract");
  });

  it("drains while the broker is away", async () => {
    const rejected: unknown[] = [];
    const note = (error: unknown) => rejected.push(error);
    process.on("unhandledRejection", note);
    try {
      const idle = await loop.start(async () => found(0));
      await server.kill();
      const drained = idle.drain();
      const back = new Promise<void>((resolve) => broker.onReconnect(resolve));
      await server.restart();
      // What a request waits for its answer is no measure of how long a busy machine takes to connect.
      await Promise.all([drained, back]);
      const next = newJobId(Date.now());
      running = await loop.start(async () => found(0));
      await loop.submit(next);
      expect((await loop.resultOf(next)).outcome.case).toBe("extract");
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
    running = await loop.start(async () => {
      begun++;
      if (begun === 1) await held;
      return found(0);
    });
    await loop.submit(jobId);
    await until(async () => begun === 1);
    await server.kill();
    release();
    await server.restart();
    expect((await loop.resultOf(jobId)).outcome.case).toBe("extract");
    const next = newJobId(Date.now());
    await loop.submit(next);
    expect((await loop.resultOf(next)).outcome.case).toBe("extract");
  });
});
