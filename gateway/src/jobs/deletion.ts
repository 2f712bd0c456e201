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
import { askForLastLook, consumeLastLooks, type DeletedJob } from "./lastLooks.js";

export interface DeletionOptions {
  broker: Broker;
  blobs: Blobs;
  log: Log;
  /** From a deletion to its last look; longer than the longest ack wait. */
  lastLookInMs?: number;
}

export interface Deletions {
  /**
   * Deletes everything of a job at once: that it is to be looked through again is stored first, then viewers are told, then the
   * streams are purged of it and its blobs deleted; then all of it again, for what was on its way. The tombstone stays as long as
   * the job would have.
   * @throws StageFailure unavailable or storage_unavailable; it is gone on with all the same
   */
  delete(jobId: string, owner: string | undefined): Promise<DeletionReceipt>;
  /** Takes no more last looks and ends those that it has begun. */
  close(): Promise<void>;
}

type Found = Record<DeletionReceipt["stores"][number]["store"], number>;

/** A stage that holds a chip in memory may still publish what it computes from it. */
const LAST_LOOK_IN_MS = ACK_WAIT_MS + 2_000;

/** Deletes jobs, and carries out the last looks that are due: its own, and those of gateways that are gone. */
export function openDeletions(options: DeletionOptions): Deletions {
  const { broker, log, lastLookInMs = LAST_LOOK_IN_MS } = options;
  const lastLooks = consumeLastLooks({ broker, log, look: (job) => lastLook(job, options) });
  return {
    async delete(jobId, owner = "") {
      const deletedAtMs = Date.now();
      const tombstone = { deletedAtMs, owner };
      const lastLookAtMs = deletedAtMs + lastLookInMs;
      await askForLastLook(broker, { jobId, ...tombstone, lookAtMs: lastLookAtMs });
      await publishTombstone(jobId, tombstone, broker);
      const first = await removeAll(jobId, options);
      // The tombstone itself is no part of the job.
      first.results = Math.max(0, first.results - 1);
      const second = await removeAll(jobId, options);
      await publishTombstone(jobId, tombstone, broker);
      const stores = (Object.keys(first) as (keyof Found)[]).map((store) => ({
        store,
        found: first[store],
        secondLook: second[store],
      }));
      return { jobId, deletedAtMs, stores, lastLookAtMs };
    },
    close: () => lastLooks.close(),
  };
}

/** Done twice it does no harm: what is published meanwhile is no part of a job that has a tombstone. */
async function lastLook({ jobId, deletedAtMs, owner }: DeletedJob, options: DeletionOptions): Promise<void> {
  const found = await removeAll(jobId, options);
  await publishTombstone(jobId, { deletedAtMs, owner }, options.broker);
  const results = Math.max(0, found.results - 1);
  options.log.info({ jobId, ...found, results }, "last look after a deletion");
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
      outcome: { case: "deleted", value: { $typeName: "similarfaces.v1.Deleted", ...deleted } },
    }),
  );
}
