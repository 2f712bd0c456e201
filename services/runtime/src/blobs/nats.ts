import { headers, nanos } from "nats";
import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from "@nats-io/jetstream";
import {
  BLOB_PREFIX,
  BLOB_STREAMS,
  StageFailure,
  blobChunkSubject,
  blobSubject,
  parseBlobSubject,
} from "@similarfaces/contracts";
import type { Blobs } from "./blobs.js";
import type { Broker } from "../broker/broker.js";

export interface NatsBlobsOptions {
  /** What belongs to a job goes after this, by the broker's own clock. */
  jobTtlMs: number;
  /** Given by who provisions: streams that are there already are changed to it, and to the time to live. */
  replicas?: number | undefined;
}

const MIB = 1024 * 1024;
const BYTES_MAX = 4096 * MIB;
const DUPLICATE_WINDOW_MS = 120_000;
/** A message holds 1 MiB, also where the broker sends it as base64. */
const CHUNK_BYTES = 512 * 1024;
const CHUNKS_AT_ONCE = 4;

const CONTENT_TYPE = "Content-Type";
const CHUNKS = "Sf-Chunks";

const { jobs: JOBS, gallery: GALLERY } = BLOB_STREAMS;

/**
 * Blobs as messages of two streams: one whose messages expire with their job, one for the gallery. A blob is one message,
 * or a few for a large one; its first is stored last, so that a blob is there whole or not at all.
 */
export async function openNatsBlobs(broker: Broker, options: NatsBlobsOptions): Promise<Blobs> {
  const { jsm, outbox } = broker;
  await unlessDown(Promise.all(streamsFor(options).map((config) => provide(broker, config, options))));

  const publish = async (subject: string, bytes: Uint8Array, described?: Record<string, string>) => {
    const told = headers();
    for (const [name, value] of Object.entries(described ?? {})) told.set(name, value);
    await outbox.store(subject, bytes, described ? { headers: told } : {});
  };
  const message = async (stream: string, subject: string) => {
    const query = { last_by_subj: subject };
    // Any replica may answer; only the leader knows for sure that there is none.
    return broker.ask(
      async () =>
        (await jsm.direct.getMessage(stream, query)) ?? (await jsm.streams.getMessage(stream, query)),
    );
  };

  return {
    driver: "nats",

    async put(key, bytes, contentType) {
      const count = Math.max(1, Math.ceil(bytes.length / CHUNK_BYTES));
      const chunk = (index: number) => bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
      await unlessDown(
        (async () => {
          await inLanes(count - 1, (index) => publish(blobChunkSubject(key, index + 1), chunk(index + 1)));
          const described = { [CONTENT_TYPE]: contentType, [CHUNKS]: String(count) };
          await publish(blobChunkSubject(key, 0), chunk(0), described);
        })(),
      );
    },

    async get(key) {
      const stream = streamOf(key);
      return unlessDown(
        (async () => {
          const first = await message(stream, blobChunkSubject(key, 0));
          if (!first) return undefined;
          const contentType = first.header.get(CONTENT_TYPE);
          const chunks = [first.data];
          await inLanes(Number(first.header.get(CHUNKS)) - 1, async (index) => {
            const next = await message(stream, blobChunkSubject(key, index + 1));
            if (next) chunks[index + 1] = next.data;
          });
          // Deleted, or expired, between its first chunk and its last.
          if (chunks.length !== Number(first.header.get(CHUNKS)) || chunks.includes(undefined as never))
            return undefined;
          return { bytes: chunks.length === 1 ? first.data : Buffer.concat(chunks), contentType };
        })(),
      );
    },

    async delete(key) {
      const filter = `${blobSubject(key)}.*`;
      return (await unlessDown(jsm.streams.purge(streamOf(key), { filter }))).purged > 0;
    },

    async list(prefix) {
      // Subjects are filtered by whole tokens; the rest of the prefix here.
      const whole = prefix.slice(0, prefix.lastIndexOf("/"));
      const subjects_filter = `${blobSubject(whole)}.>`;
      const { state } = await unlessDown(jsm.streams.info(streamOf(prefix), { subjects_filter }));
      return Object.keys(state.subjects ?? {}).flatMap((subject) => {
        const { key, chunk } = parseBlobSubject(subject);
        return chunk === 0 && key.startsWith(prefix) ? [key] : [];
      });
    },

    async storedAtMs(key) {
      return (await unlessDown(message(streamOf(key), blobChunkSubject(key, 0))))?.time.getTime();
    },

    fault: () => undefined,
    close: async () => {},
  };
}

function streamOf(key: string): string {
  return key.startsWith("jobs/") ? JOBS : GALLERY;
}

function streamsFor({ jobTtlMs, replicas = 1 }: NatsBlobsOptions) {
  const shared = {
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_msgs_per_subject: 1,
    max_bytes: BYTES_MAX,
    num_replicas: replicas,
    allow_direct: true,
  };
  const duplicate_window = nanos(Math.min(jobTtlMs, DUPLICATE_WINDOW_MS));
  return [
    {
      ...shared,
      name: JOBS,
      subjects: [`${BLOB_PREFIX}.jobs.>`],
      max_age: nanos(jobTtlMs),
      duplicate_window,
    },
    { ...shared, name: GALLERY, subjects: [`${BLOB_PREFIX}.gallery.>`] },
  ];
}

async function provide(
  { jsm }: Broker,
  config: Partial<StreamConfig> & { name: string },
  options: NatsBlobsOptions,
) {
  try {
    await jsm.streams.info(config.name);
    if (options.replicas !== undefined) await jsm.streams.update(config.name, config);
  } catch (error) {
    if (!(error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)) throw error;
    // Adding what somebody else has just added alike is no error.
    await jsm.streams.add(config as StreamConfig);
  }
}

/** `work` on 0 to `count` - 1, a few at a time. */
async function inLanes(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(CHUNKS_AT_ONCE, count) }, lane));
}

async function unlessDown<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (cause) {
    throw new StageFailure("storage_unavailable", "the broker's blob store did not answer", { cause });
  }
}
