import type { Broker, Log } from "@similarfaces/runtime";
import type { GalleryDriver } from "../../operations/gallery.js";
import { Catalogue } from "./catalogue.js";
import { applyTo } from "./changes.js";
import { createEnrolling } from "./enrolling.js";
import { Follower } from "./follower.js";
import { createIdentities } from "./identities.js";
import { createListing } from "./listing.js";
import { nearestPeople } from "./nearest.js";
import { createProgress } from "./progress.js";
import { GalleryRecord } from "./record.js";
import type { Replica } from "./replica.js";
import { SNAPSHOT_AGE_MAX_MS, Snapshot } from "./snapshot.js";

export interface NatsGalleryOptions {
  broker: Broker;
  /** Name of the bucket. */
  bucket: string;
  /** "<id>@<version>" of the embedder whose vectors are compared. */
  model: string;
  /** Limit of the bucket, which reserves it. 100,000 faces take about 240 MB. */
  bytesMax: number;
  /** Where a snapshot is left for the next start; without it, every start reads the whole bucket. */
  snapshotFile?: string | undefined;
  log: Log;
  /** Gives up reading. */
  signal?: AbortSignal | undefined;
}

/** Marks of deletions stay until no snapshot can be of use that is older than they are. */
const MARKS_KEPT_MS = 2 * SNAPSHOT_AGE_MAX_MS;
/** Faces that are a second's reading. */
const WORTH_SAVING = 20_000;

/**
 * The gallery in JetStream: a key-value bucket is the record, and every replica holds all of it in memory, following
 * the bucket. What a call has changed is visible to the next call on the same replica at once, on others within
 * milliseconds; all calls but `nearest` first take in what any replica has changed before.
 */
export async function openNatsGallery(options: NatsGalleryOptions): Promise<GalleryDriver> {
  const { broker, bucket, model, bytesMax, snapshotFile, log, signal } = options;
  const record = await GalleryRecord.open(broker, bucket, bytesMax);
  const catalogue = new Catalogue(model);
  const snapshot = snapshotFile === undefined ? undefined : new Snapshot(snapshotFile, bucket);
  const progress = createProgress(log);
  const position = await snapshot?.load(catalogue).catch((err: unknown) => {
    log.warn({ err }, "the snapshot of the gallery is of no use");
    return undefined;
  });
  if (!position) catalogue.clear();
  /** The position of the last snapshot. */
  let saved = position;
  const oldMarks: number[] = [];
  const follower = new Follower({
    broker,
    bucket,
    log,
    position,
    apply(changes) {
      applyTo(catalogue, changes, log);
      const marks = changes.filter(({ value }) => value === undefined);
      if (marks.length === 0) return;
      snapshot?.forget();
      for (const { atMs, revision } of marks) {
        if (Date.now() - atMs > MARKS_KEPT_MS) oldMarks.push(revision);
      }
    },
    reset() {
      catalogue.clear();
      snapshot?.forget();
    },
    onProgress: progress.step,
  });
  const stop = () => void follower.close();
  signal?.addEventListener("abort", stop);
  await follower.start();
  signal?.removeEventListener("abort", stop);
  catalogue.putInOrder();
  progress.end({
    identities: catalogue.identities,
    faces: catalogue.faces,
    snapshot: position !== undefined,
  });
  // A process that is killed leaves none: the work of reading everything is not to be done twice.
  if (!position && catalogue.faces >= WORTH_SAVING) void saveSnapshot();
  void record.deleteMarks(oldMarks).catch((err: unknown) => log.warn({ err }, "old marks of deletions stay"));

  const replica: Replica = { record, catalogue, follower };
  return {
    name: "nats",
    ready: () => follower.following(),
    nearest: async (probe, count) => nearestPeople(replica, probe, count),
    ...createEnrolling(replica),
    ...createIdentities(replica),
    ...createListing(replica),
    async close() {
      const whole = follower.following();
      await follower.close();
      if (whole) await saveSnapshot();
    },
  };

  /** Never rejects: a start without one is slower, not wrong. */
  async function saveSnapshot(): Promise<void> {
    const at = follower.position;
    if (!snapshot || !at) return;
    if (saved?.created === at.created && saved.revision === at.revision) return;
    try {
      await snapshot.save(catalogue, at);
      saved = at;
    } catch (err) {
      log.warn({ err }, "no snapshot of the gallery could be saved");
    }
  }
}
