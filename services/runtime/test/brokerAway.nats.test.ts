import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ResultSchema, create, newJobId } from "@similarfaces/contracts";
import { connectBroker, type Broker } from "../src/broker/broker.js";
import { provision } from "../src/broker/provision.js";
import { publishResult, storedResult } from "../src/broker/publish.js";
import { startNatsServer, type NatsServer } from "./natsServer.js";

const OUTAGES = 12;
/** Until a request that nobody answers is given up; what is asked again on the connection's return takes milliseconds. */
const REQUEST_TIMEOUT_MS = 5_000;

let server: NatsServer;
let broker: Broker;
beforeAll(async () => {
  server = await startNatsServer();
  broker = await connectBroker({ url: server.url, name: "test" });
  await provision(broker, { replicas: 1, jobTtlMs: 60_000, stages: ["extract"] });
});
afterAll(async () => {
  await broker?.close();
  await server?.stop();
});

describe("a broker that goes away again and again", () => {
  it("stores what was under way as soon as it is back, and answers what it was asked", async () => {
    const slowest = { store: 0, read: 0 };
    for (let outage = 0; outage < OUTAGES; outage++) {
      const jobId = newJobId(Date.now());
      // It has the questions in its buffer, and dies before it reads them.
      process.kill(server.pid, "SIGSTOP");
      const answers = [
        publishResult(broker, failed(jobId)).then(() => Date.now()),
        storedResult(broker, jobId, "deleted").then(() => Date.now()),
      ];
      await new Promise((resolve) => setTimeout(resolve, 20));
      const back = new Promise<number>((resolve) => {
        const off = broker.onReconnect(() => {
          off();
          resolve(Date.now());
        });
      });
      await server.kill();
      await server.restart();
      const backAtMs = await back;
      const [storedAtMs, readAtMs] = await Promise.all(answers);
      slowest.store = Math.max(slowest.store, storedAtMs! - backAtMs);
      slowest.read = Math.max(slowest.read, readAtMs! - backAtMs);
      expect((await storedResult(broker, jobId, "extract"))?.outcome.case).toBe("failure");
    }
    expect(slowest.store).toBeLessThan(REQUEST_TIMEOUT_MS / 2);
    expect(slowest.read).toBeLessThan(REQUEST_TIMEOUT_MS / 2);
  });

  it("is waited for by what is asked while it is away, and longer than a request lasts", async () => {
    await server.kill();
    await expect.poll(() => broker.connected()).toBe(false);
    const jobId = newJobId(Date.now());
    const stored = publishResult(broker, failed(jobId));
    const read = storedResult(broker, jobId, "deleted");
    await new Promise((resolve) => setTimeout(resolve, REQUEST_TIMEOUT_MS + 500));
    await server.restart();
    expect(await stored).toMatchObject({ stored: expect.any(Boolean) as boolean });
    expect(await read).toBeUndefined();
    expect((await storedResult(broker, jobId, "extract"))?.outcome.case).toBe("failure");
  });

  it("leaves nobody waiting when the connection is closed for good", async () => {
    const own = await connectBroker({ url: server.url, name: "closes" });
    await server.kill();
    await expect.poll(() => own.connected()).toBe(false);
    const read = storedResult(own, newJobId(Date.now()), "extract");
    await own.nc.close();
    await expect(read).rejects.toThrow(/closed/i);
    await server.restart();
  });
});

function failed(jobId: string) {
  return create(ResultSchema, {
    jobId,
    stage: "extract",
    attempt: 1,
    outcome: { case: "failure", value: { code: "internal", message: "", retryable: true } },
  });
}
