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
import pMap from "p-map";
import type { Blobs } from "./blobs.js";
import type { Broker } from "../broker/broker.js";

export interface NatsBlobsOptions {
  /** The broker deletes blobs of jobs after this time, by its own clock. */
  jobTtlMs: number;
  /** Given by a process that provisions: streams that exist are changed to it, and to the time to live. */
  replicas?: number | undefined;
}

const MIB = 1024 * 1024;
const BYTES_MAX = 4096 * MIB;
const DUPLICATE_WINDOW_MS = 120_000;
/** A message holds 1 MiB, also where the broker sends it as base64. */
const CHUNK_BYTES = 512 * 1024;
const AT_ONCE = { concurrency: 4 };

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
    const fields = headers();
    for (const [name, value] of Object.entries(described ?? {})) fields.set(name, value);
    await outbox.store(subject, bytes, described ? { headers: fields } : {});
  };
  const message = async (stream: string, subject: string) => {
    const query = { last_by_subj: subject };
    // Any replica may answer, and may not have the newest yet; only the leader can say that there is none.
    return broker.ask(
      async () =>
        (await jsm.direct.getMessage(stream, query)) ?? (await jsm.streams.getMessage(stream, query)),
    );
  };

  const deleteMessage = async (stream: string, sequence: number) => {
    try {
      await broker.ask(() => jsm.streams.deleteMessage(stream, sequence, false));
    } catch (error) {
      if (!(error instanceof JetStreamApiError && isGone(error))) throw error;
    }
  };

  return {
    driver: "nats",

    async put(key, bytes, contentType) {
      const count = Math.max(1, Math.ceil(bytes.length / CHUNK_BYTES));
      const chunk = (index: number) => bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
      await unlessDown(
        (async () => {
          await pMap(from1(count), (index) => publish(blobChunkSubject(key, index), chunk(index)), AT_ONCE);
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
          const count = Number(first.header.get(CHUNKS));
          const others = await pMap(
            from1(count),
            (index) => message(stream, blobChunkSubject(key, index)),
            AT_ONCE,
          );
          // Deleted or expired while it was read.
          if (!others.every((other) => other !== null)) return undefined;
          const chunks = [first, ...others];
          const bytes = count === 1 ? first.data : Buffer.concat(chunks.map(({ data }) => data));
          // A purge by subject costs nats-server 2.9 time in proportion to all that the stream holds: 0.3 ms at 300 messages, 3.9 at 30,000.
          const remove = () => unlessDown(pMap(chunks, ({ seq }) => deleteMessage(stream, seq), AT_ONCE));
          return { bytes, contentType, delete: async () => void (await remove()) };
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

/** nats-server has no error code for a message that is not there, and says so in two ways. */
const isGone = ({ message }: JetStreamApiError): boolean =>
  /no message found|sequence .*not found/i.test(message);

/** The indexes of a blob's chunks after the first. */
const from1 = (count: number) => Array.from({ length: count - 1 }, (_, i) => i + 1);

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
    // No error where another process has just added the same.
    await jsm.streams.add(config as StreamConfig);
  }
}

async function unlessDown<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (cause) {
    throw new StageFailure("storage_unavailable", "the broker's blob store did not answer", { cause });
  }
}
