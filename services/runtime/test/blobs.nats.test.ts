import { blobChunkSubject, newJobId } from "@similarfaces/contracts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { galleryBlobKey, jobBlobKey } from "../src/blobs/blobs.js";
import { openNatsBlobs } from "../src/blobs/nats.js";
import { connectBroker, type Broker } from "../src/broker/broker.js";
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

testBlobs("JetStream", () => openNatsBlobs(broker, { jobTtlMs: 600_000, replicas: 1 }));

it("keeps a large photo in several messages, and loses all of it together", async () => {
  const blobs = await openNatsBlobs(broker, { jobTtlMs: 600_000 });
  const upload = jobBlobKey(newJobId(Date.now()), "upload");
  const bytes = Uint8Array.from({ length: 5_000_001 }, (_, i) => (i * 7 + (i >> 12)) & 255);
  await blobs.put(upload, bytes, "image/jpeg");
  expect(Buffer.compare((await blobs.get(upload))!.bytes, bytes)).toBe(0);
  expect(await blobs.list(upload)).toEqual([upload]);
  await broker.jsm.streams.purge("SF_BLOBS_JOBS", { filter: blobChunkSubject(upload, 3) });
  expect(await blobs.get(upload)).toBeUndefined();
  expect(await blobs.delete(upload)).toBe(true);
  expect(await blobs.list(upload)).toEqual([]);
});

it("are changed by who provisions, and by nobody else", async () => {
  const ttlMs = async () => (await broker.jsm.streams.info("SF_BLOBS_JOBS")).config.max_age / 1_000_000;
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
