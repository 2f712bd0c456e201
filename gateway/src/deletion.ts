import {
  ResultSchema,
  STREAM_NAMES,
  StageFailure,
  ACK_WAIT_MS,
  create,
  resultsOfJobSubject,
  workOfJobSubject,
} from "@similarfaces/contracts";
import { jobBlobPrefix, publishResult, type Blobs, type Broker, type Log } from "@similarfaces/runtime";

/** What was there, per store, when the deletion was asked for, and what a second look found and removed too. */
export interface DeletionReceipt {
  jobId: string;
  deletedAtMs: number;
  stores: {
    store: "images" | "faces" | "embeddings" | "results" | "blobs";
    found: number;
    secondLook: number;
  }[];
  /** When everything is looked through once more, for what a stage was still computing. */
  lastLookAtMs: number;
}

export interface DeletionOptions {
  broker: Broker;
  blobs: Blobs;
  log: Log;
}

/** What stays of a job, as long as the job would have: when it was deleted, and by whose key. */
interface Tombstone {
  deletedAtMs: number;
  owner: string;
}

type Found = Record<DeletionReceipt["stores"][number]["store"], number>;

/**
 * Deletes everything of a job at once: viewers are told first, then the streams are purged of it and its blobs deleted;
 * then all of it again, for what was on its way. The tombstone stays as long as the job would have. A stage that holds a
 * chip in memory may still publish what it computes from it; a last look after the longest ack wait removes that too.
 * @throws StageFailure unavailable or storage_unavailable; asked again, it goes on
 */
export async function deleteJob(
  jobId: string,
  owner: string | undefined,
  options: DeletionOptions,
): Promise<DeletionReceipt> {
  const deletedAtMs = Date.now();
  const deleted = { deletedAtMs, owner: owner ?? "" };
  await publishTombstone(jobId, deleted, options.broker);
  const first = await removeAll(jobId, options);
  // The tombstone itself is no part of the job.
  first.results = Math.max(0, first.results - 1);
  const second = await removeAll(jobId, options);
  await publishTombstone(jobId, deleted, options.broker);
  const lastLookInMs = ACK_WAIT_MS + 2_000;
  setTimeout(() => void lastLook(jobId, deleted, options), lastLookInMs).unref();
  const stores = (Object.keys(first) as (keyof Found)[]).map((store) => ({
    store,
    found: first[store],
    secondLook: second[store],
  }));
  return { jobId, deletedAtMs, stores, lastLookAtMs: deletedAtMs + lastLookInMs };
}

async function lastLook(jobId: string, deleted: Tombstone, options: DeletionOptions): Promise<void> {
  try {
    const found = await removeAll(jobId, options);
    await publishTombstone(jobId, deleted, options.broker);
    options.log.info(
      { jobId, ...found, results: Math.max(0, found.results - 1) },
      "last look after a deletion",
    );
  } catch (err) {
    options.log.error({ jobId, err }, "the last look after a deletion failed; the job expires by itself");
  }
}

async function removeAll(jobId: string, { broker, blobs }: DeletionOptions): Promise<Found> {
  const purge = async (stream: string, filter: string) => {
    try {
      const { purged } = await broker.jsm.streams.purge(stream, { filter });
      return purged;
    } catch (cause) {
      throw new StageFailure("unavailable", "the broker did not answer", { cause });
    }
  };
  const work = workOfJobSubject(jobId);
  const [images, faces, embeddings, results, blob] = await Promise.all([
    purge(STREAM_NAMES.images, work),
    purge(STREAM_NAMES.faces, work),
    purge(STREAM_NAMES.embeddings, work),
    purge(STREAM_NAMES.results, resultsOfJobSubject(jobId)),
    removeBlobs(jobId, blobs),
  ]);
  return { images, faces, embeddings, results, blobs: blob };
}

async function removeBlobs(jobId: string, blobs: Blobs): Promise<number> {
  const keys = await blobs.list(jobBlobPrefix(jobId));
  const removed = await Promise.all(keys.map((key) => blobs.delete(key)));
  return removed.filter(Boolean).length;
}

async function publishTombstone(jobId: string, deleted: Tombstone, broker: Broker): Promise<void> {
  await publishResult(
    broker,
    create(ResultSchema, {
      jobId,
      stage: "deleted",
      attempt: 1,
      outcome: { case: "deleted", value: { $typeName: "similarfaces.v1.Deleted", ...deleted } },
    }),
  );
}
