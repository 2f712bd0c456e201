import { newJobId } from "@similarfaces/contracts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { galleryBlobKey, jobBlobKey } from "../src/blobs.js";
import { openNatsBlobs } from "../src/blobs/nats.js";
import { connectBroker, type Broker } from "../src/broker.js";
import { testBlobs } from "./blobsSuite.js";
import { startNatsServer, type NatsServer } from "./natsServer.js";

let server: NatsServer;
let broker: Broker;
beforeAll(async () => {
  server = await startNatsServer();
  broker = await connectBroker({ url: server.url, name: "test" });
});
afterAll(async () => {
  await broker?.close();
  await server?.stop();
});

testBlobs("JetStream object stores", () => openNatsBlobs(broker, { jobTtlMs: 600_000, replicas: 1 }));

it("are changed by who provisions, and by nobody else", async () => {
  const ttlMs = async () => (await broker.jsm.streams.info("OBJ_SF_JOBS")).config.max_age / 1_000_000;
  await openNatsBlobs(broker, { jobTtlMs: 60_000, replicas: 1 });
  expect(await ttlMs()).toBe(60_000);
  await openNatsBlobs(broker, { jobTtlMs: 600_000 });
  expect(await ttlMs()).toBe(60_000);
  await openNatsBlobs(broker, { jobTtlMs: 600_000, replicas: 1 });
  expect(await ttlMs()).toBe(600_000);
});

it("lets a job's blobs go after the time to live, and keeps portraits", async () => {
  const short = await startNatsServer();
  const shortBroker = await connectBroker({ url: short.url, name: "test" });
  try {
    const blobs = await openNatsBlobs(shortBroker, { jobTtlMs: 1_000, replicas: 1 });
    const upload = jobBlobKey(newJobId(Date.now()), "upload");
    await blobs.put(upload, new Uint8Array(10), "image/jpeg");
    await blobs.put(galleryBlobKey("portrait"), new Uint8Array(10), "image/jpeg");
    await expect.poll(() => blobs.get(upload), { timeout: 15_000 }).toBeUndefined();
    expect(await blobs.get(galleryBlobKey("portrait"))).toBeDefined();
  } finally {
    await shortBroker.close();
    await short.stop();
  }
});
