import type { Candidate, Nearest } from "../../operations/gallery.js";
import type { Replica } from "./replica.js";

/** The people nearest to the probe, each by the nearest face. @throws StageFailure gallery_unavailable */
export function nearestPeople({ catalogue, follower }: Replica, probe: Float32Array, count: number): Nearest {
  follower.mustServe();
  const vectors = catalogue.compared;
  // Identities with many faces near the probe take the places of others: then more faces are asked for.
  for (let wanted = count; ; wanted = wanted * 4 + 1_000) {
    const hits = vectors.nearest(probe, wanted);
    const best = new Map<string, Candidate>();
    let last = 1;
    for (const { key, similarity } of hits) {
      // Nearest first: once there are enough, only such as are just as near could still come before one of them.
      if (best.size >= count && similarity < last) break;
      last = similarity;
      const entry = catalogue.faceByKey(key);
      const identity = entry && catalogue.identity(entry.identityId);
      if (!identity || best.has(identity.id)) continue;
      best.set(identity.id, {
        identityId: identity.id,
        name: identity.name,
        faceId: entry.face.id,
        similarity,
      });
    }
    if (best.size < count && hits.length < vectors.size) continue;
    const candidates = [...best.values()].sort(
      (a, b) => b.similarity - a.similarity || (a.identityId < b.identityId ? -1 : 1),
    );
    return { candidates: candidates.slice(0, count), galleryFaces: vectors.size };
  }
}
