import type { Candidate, Nearest } from "./gallery.js";
import type { Store } from "./store.js";

/** The identities nearest to the probe, each by its nearest face; those equally near by id. */
export async function nearestIdentities(
  { records, vectors }: Store,
  probe: Float32Array,
  count: number,
): Promise<Nearest> {
  const best = new Map<string, Candidate>();
  /** Hits of faces that were deleted or moved a moment ago. */
  const stale: string[] = [];
  /** Identities that are gone, whose faces may still be thousands. */
  const gone = new Set<string>();
  for (;;) {
    const { hits, more, searched } = await vectors.nearest({
      probe,
      count: count - best.size,
      withoutIdentities: [...best.keys(), ...gone],
      withoutFaces: stale,
    });
    const names = await records.namesOf(hits);
    const unnamed = [...new Set(hits.filter((_, i) => names[i] === undefined).map((hit) => hit.identityId))];
    const unnamedRecords = unnamed.length > 0 ? await records.read(unnamed) : [];
    for (const [i, id] of unnamed.entries()) if (!unnamedRecords[i]) gone.add(id);
    for (const [i, { faceId, identityId, similarity }] of hits.entries()) {
      const name = names[i];
      if (gone.has(identityId)) continue;
      if (name === undefined) stale.push(faceId);
      else if (!best.has(identityId)) best.set(identityId, { identityId, name, faceId, similarity });
    }
    if (best.size < count && more) continue;
    const candidates = [...best.values()].sort(
      (a, b) => b.similarity - a.similarity || (a.identityId < b.identityId ? -1 : 1),
    );
    return { candidates: candidates.slice(0, count), galleryFaces: searched };
  }
}
