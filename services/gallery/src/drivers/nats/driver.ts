import type { Broker, Log } from "@similarfaces/runtime";
import type { ComparedModels, GalleryDriver } from "../driver.js";
import { GalleryBucket, isNote } from "./bucket.js";
import { applyTo } from "./changes.js";
import { Follower } from "./follower.js";
import { Catalogue } from "./memory/catalogue.js";
import { createNotes } from "./notes.js";
import { createProgress } from "./progress.js";
import { createRecords } from "./records.js";
import { replicaOf } from "./replica.js";
import { SNAPSHOT_AGE_MAX_MS, Snapshot } from "./snapshot/snapshot.js";
import { createVectors } from "./vectors.js";

export interface NatsGalleryOptions {
  broker: Broker;
  /** Name of the bucket. */
  bucket: string;
  /** Whose vectors are compared. */
  models: ComparedModels;
  /** Limit of the bucket, which reserves it. 100,000 faces take about 240 MB. */
  bytesMax: number;
  /** Where a snapshot is left for the next start; without it, every start reads the whole bucket. */
  snapshotFile?: string | undefined;
  log: Log;
  /** Gives up reading. */
  signal?: AbortSignal | undefined;
}

/** A mark of a deletion stays until every snapshot that is older than the mark has expired. */
const MARKS_KEPT_MS = 2 * SNAPSHOT_AGE_MAX_MS;
/** Reading so many takes about a second. */
const SAVED_AT_ONCE_FROM = 20_000;

/**
 * The gallery in JetStream: everything is stored in a key-value bucket, and every replica holds all of it in memory and
 * follows the bucket. What a call has changed is visible to the next call on the same replica at once, on others within
 * milliseconds; all calls but a search first catch up with what any replica has written before.
 */
export async function openNatsGallery(options: NatsGalleryOptions): Promise<GalleryDriver> {
  const { broker, bucket: name, models, bytesMax, snapshotFile, log, signal } = options;
  const bucket = await GalleryBucket.open(broker, name, bytesMax);
  const catalogue = new Catalogue(models);
  const snapshot = snapshotFile === undefined ? undefined : new Snapshot(snapshotFile, name);
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
    bucket: name,
    log,
    position,
    apply(changes) {
      applyTo(catalogue, changes, log);
      const marks = changes.filter(({ value }) => value === undefined);
      if (marks.some(({ key }) => !isNote(key))) snapshot?.forget();
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
  // A process that is killed saves no snapshot on its way out, and the next one would read everything again.
  if (!position && catalogue.faces >= SAVED_AT_ONCE_FROM) void saveSnapshot();
  void bucket.deleteMarks(oldMarks).catch((err: unknown) => log.warn({ err }, "old marks of deletions stay"));

  const replica = replicaOf({ bucket, catalogue, follower });
  return {
    name: "nats",
    records: createRecords(replica),
    vectors: createVectors(replica),
    notes: createNotes(bucket),
    ready: () => follower.following(),
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
