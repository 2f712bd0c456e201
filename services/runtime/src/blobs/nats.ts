import { headers, nanos } from "nats";
import { StorageType } from "@nats-io/jetstream";
import { Objm, type ObjectStore } from "@nats-io/obj";
import { StageFailure } from "@similarfaces/contracts";
import type { Blobs } from "../blobs.js";
import type { Broker } from "../broker.js";

export interface NatsBlobsOptions {
  /** What belongs to a job goes after this, by the broker's own clock. */
  jobTtlMs: number;
  /** Given by who provisions: stores that are there already are changed to it, and to the time to live. */
  replicas?: number | undefined;
}

const MIB = 1024 * 1024;
const CONTENT_TYPE = "Content-Type";
const DUPLICATE_WINDOW_MS = 120_000;

/** Blobs in two JetStream object stores: one whose entries expire with their job, one for the gallery. */
export async function openNatsBlobs(broker: Broker, options: NatsBlobsOptions): Promise<Blobs> {
  const objm = new Objm(broker.js);
  const { jobTtlMs, replicas } = options;
  const shared = { storage: StorageType.File, replicas: replicas ?? 1 };
  const [jobs, gallery] = await unlessDown(
    Promise.all([
      objm.create("SF_JOBS", { ...shared, ttl: nanos(jobTtlMs), max_bytes: 4096 * MIB }),
      objm.create("SF_GALLERY", { ...shared, max_bytes: 4096 * MIB }),
    ]),
  );
  if (replicas !== undefined) {
    const { streams } = broker.jsm;
    const window = nanos(Math.min(jobTtlMs, DUPLICATE_WINDOW_MS));
    const job = { num_replicas: replicas, max_age: nanos(jobTtlMs), duplicate_window: window };
    await unlessDown(streams.update("OBJ_SF_JOBS", job));
    await unlessDown(streams.update("OBJ_SF_GALLERY", { num_replicas: replicas }));
  }
  const storeOf = (key: string): ObjectStore => (key.startsWith("jobs/") ? jobs : gallery);
  return {
    driver: "nats",
    async put(key, bytes, contentType) {
      const described = headers();
      described.set(CONTENT_TYPE, contentType);
      await unlessDown(storeOf(key).putBlob({ name: key, headers: described }, bytes));
    },
    async get(key) {
      const object = await unlessDown(storeOf(key).get(key));
      if (!object) return undefined;
      // A deletion between the entry and its chunks shows as an error of the stream of chunks.
      const [bytes, error] = await unlessDown(
        Promise.all([gather(object.data, object.info.size), object.error]),
      );
      if (error || bytes.length !== object.info.size) return undefined;
      return { bytes, contentType: object.info.headers?.get(CONTENT_TYPE) ?? "application/octet-stream" };
    },
    async delete(key) {
      const store = storeOf(key);
      const info = await unlessDown(store.info(key));
      if (!info || info.deleted) return false;
      await unlessDown(store.delete(key));
      return true;
    },
    async list(prefix) {
      const objects = await unlessDown(storeOf(prefix).list());
      return objects
        .filter(({ name, deleted }) => !deleted && name.startsWith(prefix))
        .map(({ name }) => name);
    },
    close: async () => {},
  };
}

async function gather(chunks: ReadableStream<Uint8Array>, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let at = 0;
  for await (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes.subarray(0, at);
}

async function unlessDown<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (cause) {
    throw new StageFailure("storage_unavailable", "the broker's object store did not answer", { cause });
  }
}
