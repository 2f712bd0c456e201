import {
  ResultSchema,
  STREAM_NAMES,
  StageFailure,
  ACK_WAIT_MS,
  create,
  resultsOfJobSubject,
  workOfJobSubject,
} from "@similarfaces/contracts";
import type { DeletionReceipt } from "@similarfaces/contracts/api";
import { jobBlobPrefix, publishResult, type Blobs, type Broker, type Log } from "@similarfaces/runtime";
import { consumePurges, schedulePurge, type DeletedJob } from "./laterPurges.js";

export interface DeletionOptions {
  broker: Broker;
  blobs: Blobs;
  log: Log;
  /** From a deletion to the purge that is carried out later; longer than the longest ack wait. */
  laterPurgeInMs?: number;
}

export interface Deletions {
  /**
   * Deletes everything of a job at once. First a later purge is scheduled; then the tombstone is published, which tells viewers; then the
   * streams are purged of the job and its blobs are deleted; then all of that again, for messages that were being published meanwhile. The
   * tombstone stays as long as the job would have.
   * @throws StageFailure unavailable or storage_unavailable; the later purge then does the rest
   */
  delete(jobId: string, owner: string | undefined): Promise<DeletionReceipt>;
  /** Begins no more purges. */
  close(): Promise<void>;
}

type Found = Record<DeletionReceipt["stores"][number]["store"], number>;

/** A stage that holds a chip in memory may publish its answer after both purges. */
const LATER_PURGE_IN_MS = ACK_WAIT_MS + 2_000;

/** Deletes jobs, and carries out the later purges that are due: of its own deletions, and of gateways that are gone. */
export function openDeletions(options: DeletionOptions): Deletions {
  const { broker, log, laterPurgeInMs = LATER_PURGE_IN_MS } = options;
  const laterPurges = consumePurges({ broker, log, purge: (job) => purgeAgain(job, options) });
  return {
    async delete(jobId, owner = "") {
      const deletedAtMs = Date.now();
      const tombstone = { deletedAtMs, owner };
      const purgedAgainAtMs = deletedAtMs + laterPurgeInMs;
      await schedulePurge(broker, { jobId, ...tombstone, purgeAtMs: purgedAgainAtMs });
      await publishTombstone(jobId, tombstone, broker);
      const first = await removeAll(jobId, options);
      // The tombstone itself is no part of the job.
      first.results = Math.max(0, first.results - 1);
      const second = await removeAll(jobId, options);
      await publishTombstone(jobId, tombstone, broker);
      const stores = (Object.keys(first) as (keyof Found)[]).map((store) => ({
        store,
        found: first[store],
        foundAgain: second[store],
      }));
      return { jobId, deletedAtMs, stores, purgedAgainAtMs };
    },
    close: () => laterPurges.close(),
  };
}

/** May run any number of times: nothing that is published for a job with a tombstone is of use. */
async function purgeAgain(
  { jobId, deletedAtMs, owner }: DeletedJob,
  options: DeletionOptions,
): Promise<void> {
  const found = await removeAll(jobId, options);
  await publishTombstone(jobId, { deletedAtMs, owner }, options.broker);
  const results = Math.max(0, found.results - 1);
  options.log.info({ jobId, ...found, results }, "a deleted job was purged again");
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

async function publishTombstone(
  jobId: string,
  deleted: Pick<DeletedJob, "deletedAtMs" | "owner">,
  broker: Broker,
): Promise<void> {
  await publishResult(
    broker,
    create(ResultSchema, {
      jobId,
      stage: "deleted",
      attempt: 1,
      outcome: { case: "deleted", value: { $typeName: "similarfaces.v2.Deleted", ...deleted } },
    }),
  );
}
