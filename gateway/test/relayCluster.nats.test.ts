import { ResultSchema, create, newJobId } from "@similarfaces/contracts";
import {
  connectBroker,
  createLog,
  createMetrics,
  openBlobs,
  provision,
  publishResult,
  type Broker,
} from "@similarfaces/runtime";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startNatsCluster, type NatsCluster } from "../../services/runtime/test/natsCluster.js";
import { readConfig, startGateway, type Gateway } from "../src/mod.js";

const JOBS = 12;

describe("gateways on three servers that agree", () => {
  let cluster: NatsCluster;
  const brokers: Broker[] = [];
  const gateways: Gateway[] = [];
  beforeAll(async () => {
    cluster = await startNatsCluster();
    const config = readConfig({ PORT: "0", LOG_LEVEL: "silent" });
    for (const url of cluster.url.split(",")) brokers.push(await connectBroker({ url, name: "test" }));
    const { jobTtlMs, stages } = config;
    // Until they have found one another.
    await vi.waitFor(() => provision(brokers[0]!, { replicas: 3, jobTtlMs, stages }), {
      timeout: 90_000,
      interval: 200,
    });
    for (const broker of brokers) {
      const log = createLog({ service: "gateway", level: "silent" });
      const metrics = createMetrics({ service: "gateway", version: "0", emitters: ["gateway"] });
      const blobs = await openBlobs(config, broker);
      gateways.push(await startGateway({ config, broker, blobs, log, metrics }));
    }
  });
  afterAll(async () => {
    for (const gateway of gateways) await gateway.close();
    for (const broker of brokers) await broker.close();
    await cluster?.stop();
  });

  it("know of a job as soon as it is stored, although a copy of the stream has not got it", async () => {
    const { leader } = (await brokers[0]!.jsm.streams.info("SF_RESULTS")).cluster!;
    const follower = ["nats-0", "nats-1", "nats-2"].find((name) => name !== leader)!;
    const others = gateways.filter((_, i) => `nats-${i}` !== follower);
    const broker = brokers.find((_, i) => `nats-${i}` === leader)!;
    cluster.suspend(follower);
    try {
      const nowMs = Date.now();
      const statuses: number[] = [];
      for (let i = 0; i < JOBS; i++) {
        const jobId = newJobId(nowMs);
        const outcome = { case: "accepted" as const, value: acceptedAt(nowMs) };
        await publishResult(broker, create(ResultSchema, { jobId, stage: "accepted", attempt: 1, outcome }));
        for (const { url } of others) statuses.push((await fetch(`${url}/v1/jobs/${jobId}`)).status);
      }
      expect(statuses).toEqual(Array.from({ length: 2 * JOBS }, () => 200));
    } finally {
      cluster.resume(follower);
    }
  });
});

const acceptedAt = (nowMs: number) => ({
  $typeName: "similarfaces.v2.Accepted" as const,
  stages: ["extract"],
  acceptedAtMs: nowMs,
  deadlineAtMs: nowMs + 60_000,
  expiresAtMs: nowMs + 600_000,
  contentType: "image/jpeg",
  bytes: 1,
  facesMax: 1,
  owner: "",
  chipSide: 112,
  facesPerMessage: 4,
});
