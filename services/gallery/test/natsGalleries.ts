import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectBroker, createLog, type Broker } from "@similarfaces/runtime";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { startNatsServer, type NatsServer } from "../../runtime/test/natsServer.js";
import { openNatsGallery, type NatsGalleryOptions } from "../src/drivers/nats/driver.js";
import { createGallery } from "../src/operations/createGallery.js";
import type { Gallery } from "../src/operations/gallery.js";
import { createIdentities } from "../src/operations/createIdentities.js";
import type { Identities } from "../src/operations/identities.js";
import { MODEL, embedding, face, memoryBlobs, near, probe } from "./fixtures.js";

const MIB = 1024 * 1024;
const log = createLog({ service: "test", level: "silent" });

export type NatsGalleries = ReturnType<typeof natsGalleries>;

/** One nats-server for a file of tests, and a new bucket for each test; what a test has opened is closed after it. */
export function natsGalleries() {
  const blobs = memoryBlobs();
  let server: NatsServer;
  let broker: Broker;
  let folder: string;
  let bucket = "";
  let buckets = 0;
  let opened: Gallery[] = [];

  beforeAll(async () => {
    server = await startNatsServer();
    broker = await connectBroker({ url: server.url, name: "test" });
    folder = await mkdtemp(join(tmpdir(), "similarfaces-gallery-"));
  });
  beforeEach(() => {
    bucket = `GALLERY_${++buckets}`;
  });
  afterEach(async () => {
    await Promise.all(opened.map((gallery) => gallery.close()));
    opened = [];
    await broker.jsm.streams.delete(`KV_${bucket}`).catch(() => {});
  });
  afterAll(async () => {
    await broker?.close();
    await server?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** Without portraits; not closed after the test. */
  async function openIdentities(options: Partial<NatsGalleryOptions> = {}): Promise<Identities> {
    const all = { broker, bucket, models: [MODEL] as const, bytesMax: 8 * MIB, log, ...options };
    return createIdentities(await openNatsGallery(all));
  }

  return {
    blobs,
    openIdentities,
    server: () => server,
    broker: () => broker,
    /** The stream of the bucket. */
    stream: () => `KV_${bucket}`,
    /** Where this test may keep a snapshot. */
    snapshotFile: () => join(folder, `${bucket}.snapshot`),

    /** A replica on the bucket. */
    async open(options: Partial<NatsGalleryOptions> = {}): Promise<Gallery> {
      const gallery = createGallery(await openIdentities(options), blobs, [MODEL]);
      opened.push(gallery);
      return gallery;
    },

    async close(gallery: Gallery): Promise<void> {
      opened = opened.filter((other) => other !== gallery);
      await gallery.close();
    },
  };
}

/** Face `f<i>`, of identity `i<i>` unless it is to be another. */
export function numbered(i: number, identity = `i${i}`) {
  return face({ id: `f${i}`, identity, embedding: embedding(i) });
}

/** The face nearest to a probe that is like face `f<i>`. */
export async function nearestTo(gallery: Gallery, i: number): Promise<string | undefined> {
  return (await gallery.search(probe(near(embedding(i), 0.9)), 1)).candidates[0]?.faceId;
}
