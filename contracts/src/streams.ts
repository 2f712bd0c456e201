import { DELETION_PREFIX, LIVE_PREFIX, PROBE_SUBJECT, RESULT_PREFIX, workFilter } from "./subjects.js";
import { CORE_STAGES, WORK_KINDS, hasConsumer, rowOf, type StageName, type WorkKind } from "./stages.js";

/**
 * Streams and consumers as data. Field names and values are the broker's own (JetStream API), durations are in
 * milliseconds and become nanoseconds in `provision`.
 */
export const STREAM_NAMES = {
  images: "SF_IMAGES",
  faces: "SF_FACES",
  embeddings: "SF_EMBEDDINGS",
  results: "SF_RESULTS",
  deletions: "SF_DELETIONS",
} as const;
/** The key-value bucket of API keys, and in it the key of the secret that share links are signed with. */
export const KEY_BUCKET = "SF_KEYS";
export const KEY_STREAM = `KV_${KEY_BUCKET}`;
export const SHARE_SECRET = "share.secret";
export type StreamName = (typeof STREAM_NAMES)[keyof typeof STREAM_NAMES];
/** Written to in order to see whether the broker stores what it is given; it keeps the last message alone. */
export const PROBE_STREAM = "SF_PROBE";
/** Pictures of jobs and of the gallery, where the broker keeps them (services/runtime/src/blobs/nats.ts). */
export const BLOB_STREAMS = { jobs: "SF_BLOBS_JOBS", gallery: "SF_BLOBS_GALLERY" } as const;
/** The gallery's key-value bucket, where the broker keeps it (services/gallery/src/drivers/nats). */
export const GALLERY_BUCKET = "SF_GALLERY";
export const GALLERY_STREAM = `KV_${GALLERY_BUCKET}`;

export interface StreamOptions {
  /** Copies of every stream: 1 on one machine, 3 on a cluster. */
  replicas: number;
  /** How long a job's results are kept. */
  jobTtlMs: number;
}

export interface StreamSpec {
  name: StreamName | typeof PROBE_STREAM;
  subjects: string[];
  /** interest: a message is gone when every consumer has acknowledged it; workqueue: when the only one has. */
  retention: "interest" | "limits" | "workqueue";
  discard: "new" | "old";
  storage: "file";
  num_replicas: number;
  max_bytes: number;
  max_age_ms: number;
  duplicate_window_ms: number;
  max_msgs_per_subject?: number;
  discard_new_per_subject?: boolean;
  republish?: { src: string; dest: string };
}

/** The stream that each kind of work waits in. */
const STREAM_OF: Readonly<Record<WorkKind, StreamName>> = {
  image: STREAM_NAMES.images,
  face: STREAM_NAMES.faces,
  embedding: STREAM_NAMES.embeddings,
  enrol: STREAM_NAMES.embeddings,
};

const MIB = 1024 * 1024;
const DUPLICATE_WINDOW_MS = 120_000;

/**
 * Every stream of an installation. The later the stage, the roomier its stream: where one is full, the stage that would empty it can
 * still publish what it makes.
 */
export function streams({ replicas, jobTtlMs }: StreamOptions): StreamSpec[] {
  const common = {
    retention: "interest",
    discard: "new",
    storage: "file",
    num_replicas: replicas,
    max_age_ms: jobTtlMs,
    duplicate_window_ms: Math.min(DUPLICATE_WINDOW_MS, jobTtlMs),
  } as const;
  const ofWork = (name: StreamName, maxMib: number): StreamSpec => ({
    ...common,
    name,
    subjects: WORK_KINDS.filter((kind) => STREAM_OF[kind] === name).map(workFilter),
    max_bytes: maxMib * MIB,
  });
  return [
    {
      ...common,
      name: STREAM_NAMES.deletions,
      subjects: [`${DELETION_PREFIX}.*`],
      // Kept before anybody consumes it: no deletion depends on when a gateway starts.
      retention: "workqueue",
      max_bytes: 16 * MIB,
    },
    ofWork(STREAM_NAMES.images, 64),
    ofWork(STREAM_NAMES.faces, 1024),
    ofWork(STREAM_NAMES.embeddings, 1024),
    {
      ...common,
      name: STREAM_NAMES.results,
      subjects: [`${RESULT_PREFIX}.>`],
      retention: "limits",
      max_bytes: 2048 * MIB,
      // One message per field of a job: the broker refuses a second result for the whole life of the job.
      max_msgs_per_subject: 1,
      discard_new_per_subject: true,
      republish: { src: `${RESULT_PREFIX}.>`, dest: `${LIVE_PREFIX}.>` },
    },
    {
      ...common,
      name: PROBE_STREAM,
      subjects: [PROBE_SUBJECT],
      retention: "limits",
      discard: "old",
      max_bytes: 4 * MIB,
      max_msgs_per_subject: 1,
    },
  ];
}

export interface ConsumerSpec {
  stream: StreamName;
  /** Also the stage's name; that of gateways is `deletion`. */
  durable_name: StageName;
  filter_subject: string;
  ack_wait_ms: number;
  /** Unlimited: the worker counts attempts and ends a message itself. */
  max_deliver: -1;
  /** The sum over all replicas of a stage. The broker's default of 1,000 would cap a fleet. */
  max_ack_pending: number;
}

/** Short, so that the work of a killed process comes back soon; the loop sends `working` while it computes. */
export const ACK_WAIT_MS = 10_000;
const MAX_ACK_PENDING = 20_000;

/** The durable consumer of a stage. @throws TypeError for a stage that has no work of its own */
export function consumer(stage: StageName, ackWaitMs: number = ACK_WAIT_MS): ConsumerSpec {
  const { work } = rowOf(stage);
  if (!work) throw new TypeError(`${stage} is answered by its source and has no consumer`);
  return {
    stream: STREAM_OF[work],
    durable_name: stage,
    filter_subject: workFilter(work),
    ack_wait_ms: ackWaitMs,
    max_deliver: -1,
    max_ack_pending: MAX_ACK_PENDING,
  };
}

/** Shared by all gateways: any of them purges a deleted job once more. */
export function deletionConsumer(ackWaitMs: number = ACK_WAIT_MS): ConsumerSpec {
  return {
    stream: STREAM_NAMES.deletions,
    durable_name: "deletion",
    filter_subject: `${DELETION_PREFIX}.*`,
    ack_wait_ms: ackWaitMs,
    max_deliver: -1,
    max_ack_pending: MAX_ACK_PENDING,
  };
}

/** Consumers of the stages that are switched on; a consumer that nobody reads from would keep every chip in its stream. */
export function consumers(stages: readonly StageName[] = CORE_STAGES): ConsumerSpec[] {
  return stages.filter(hasConsumer).map((stage) => consumer(stage));
}
