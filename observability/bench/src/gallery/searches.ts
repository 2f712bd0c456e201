import { EMBEDDING_SIZE } from "@similarfaces/contracts";
import type { Identities } from "@similarfaces/gallery";
import { MetricKind, exactSearch } from "usearch";
import { FACES_PER_PERSON } from "./syntheticFaces.js";
import { identityOf } from "./syntheticGallery.js";

export interface Searches {
  /** Milliseconds of each. */
  tookMs: number[];
  /** Of the `count` nearest people, the share that was found. */
  recall: number;
}

/** Searches for each probe, one after the other. `vectors`: every face in the gallery, row by row. */
export async function timeSearches(
  gallery: Identities,
  probes: readonly Float32Array[],
  vectors: Float32Array,
  count: number,
): Promise<Searches> {
  const tookMs: number[] = [];
  let found = 0;
  let wanted = 0;
  for (const probe of probes) {
    const startedAtMs = performance.now();
    const { candidates } = await gallery.nearest(probe, count);
    tookMs.push(performance.now() - startedAtMs);
    const exact = nearestPeople(vectors, probe, count);
    wanted += exact.size;
    found += candidates.filter(({ identityId }) => exact.has(identityId)).length;
  }
  return { tookMs, recall: found / wanted };
}

/** By comparing with every face, in float32. */
function nearestPeople(vectors: Float32Array, probe: Float32Array, count: number): Set<string> {
  const faces = vectors.length / EMBEDDING_SIZE;
  // All faces of one person may be among the nearest.
  const rows = Math.min(faces, count * FACES_PER_PERSON);
  const nearest = new Set<string>();
  for (const row of exactSearch(vectors, probe, EMBEDDING_SIZE, rows, MetricKind.Cos, 1).keys) {
    nearest.add(identityOf(Number(row)));
    if (nearest.size === count) break;
  }
  return nearest;
}
