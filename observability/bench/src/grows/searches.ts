import { seededRandom } from "@similarfaces/load";
import { ProgressBar } from "@similarfaces/mesh";
import { startStores } from "../gallery/stores.js";
import { createSyntheticFaces } from "../gallery/syntheticFaces.js";
import { PEOPLE_AT_ONCE, addFaces, personOf } from "../gallery/syntheticGallery.js";
import type { Point } from "./fit.js";

const PROBES = 400;
/** People that a search asks for. */
const COUNT = 10;
/** Of a face in the bucket, with its person's share. */
const KIB_PER_FACE = 3;
const GALLERY_MAX_MIB_USUAL = 384;

export interface SearchGrowth {
  /** Processor time of one search. */
  points: Point[];
  /** As GALLERY_MAX_MIB says it. */
  galleryMaxMib: number;
}

/** Searches alone, in a gallery of made vectors that grows; its driver is `nats`, which holds all of it in memory. */
export async function searchGrowth(sizes: readonly number[]): Promise<SearchGrowth> {
  const largest = Math.max(...sizes);
  const synthetic = createSyntheticFaces(personOf(largest) + PEOPLE_AT_ONCE);
  const galleryMaxMib = Math.max(GALLERY_MAX_MIB_USUAL, Math.ceil((largest * KIB_PER_FACE) / 1_024));
  const stores = await startStores("nats", galleryMaxMib);
  const bar = new ProgressBar("faces added", largest);
  const points: Point[] = [];
  try {
    const gallery = await stores.open();
    let added = 0;
    for (const at of sizes) {
      const next = (person: number) => synthetic.face(person);
      await addFaces(gallery, { from: added, to: at, next, onAdded: () => bar.advance() });
      added = at;
      const random = seededRandom(at);
      const probes = Array.from({ length: PROBES }, () => next(personOf(Math.floor(random() * at))));
      // Uncounted, for code that is not compiled yet.
      for (const probe of probes.slice(0, PROBES / 4)) await gallery.nearest(probe, COUNT);
      const before = process.cpuUsage();
      for (const probe of probes) await gallery.nearest(probe, COUNT);
      const { user, system } = process.cpuUsage(before);
      points.push({ at, ms: (user + system) / 1_000 / PROBES });
    }
    await gallery.close();
  } finally {
    bar.end();
    await stores.stop();
  }
  return { points, galleryMaxMib };
}
