import type { GalleryBucket } from "./bucket.js";
import type { Follower } from "./follower.js";
import type { Catalogue } from "./memory/catalogue.js";

/** What the driver's parts work with: the bucket, and all of it in memory. */
export interface Replica {
  readonly bucket: GalleryBucket;
  readonly catalogue: Catalogue;
  readonly follower: Follower;
  /** Resolves when everything that any replica has written before this call is in memory. */
  caughtUp(): Promise<void>;
}

export function replicaOf(parts: Pick<Replica, "bucket" | "catalogue" | "follower">): Replica {
  const { bucket, follower } = parts;
  /** One request for all calls in the same turn of the event loop, sent after the last of them was made. */
  let pending: Promise<void> | undefined;
  return {
    ...parts,
    async caughtUp() {
      follower.mustServe();
      pending ??= Promise.resolve().then(async () => {
        pending = undefined;
        await follower.reached(await bucket.lastRevision());
      });
      await pending;
    },
  };
}

const WRITES_AT_ONCE = 16;

/** Sixteen at a time. */
export async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < items.length) await work(items[next++]!);
  };
  await Promise.all(Array.from({ length: Math.min(WRITES_AT_ONCE, items.length) }, lane));
}
