import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { MemoryReport } from "./sizeReport.js";
import type { Stores } from "./stores.js";
import { createSyntheticFaces } from "./syntheticFaces.js";
import { newFace } from "./syntheticGallery.js";

/** The memory that another replica takes, and how long it needs until it can search. */
export async function measureReplica(stores: Stores): Promise<MemoryReport> {
  const snapshotFile = join(stores.folder, "gallery.snapshot");
  const before = await settledBytes();
  const [rebuilt, rebuildS] = await timed(() => stores.open(snapshotFile));
  const { faces } = await rebuilt.statistics();
  const bytesPerFace = ((await settledBytes()) - before) / faces;
  // A change, so that closing has a snapshot to write.
  await rebuilt.add(newFace("snapshot", "snapshot", createSyntheticFaces(1, 7).face(0)));
  const [, snapshotS] = await timed(() => rebuilt.close());
  const [loaded, loadS] = await timed(() => stores.open(snapshotFile));
  await loaded.deleteIdentity("snapshot");
  await loaded.close();
  return { bytesPerFace, rebuildS, snapshotS, loadS };
}

/** With the time it took, in seconds. */
async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const startedAtMs = performance.now();
  const value = await work();
  return [value, (performance.now() - startedAtMs) / 1_000];
}

/** Bytes of JavaScript and of vectors, after everything that can be collected has been. */
async function settledBytes(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
