import { embeddingToBytes } from "@similarfaces/contracts";
import type { GalleryVectors, StoredVector, VectorHit } from "../driver.js";
import { digestOf } from "../identityRecord.js";
import { faceKey } from "./bucket.js";
import { inLanes, type Replica } from "./replica.js";

/** A face's record in the bucket holds its vector; a search reads memory alone. */
export function createVectors({ bucket, catalogue, follower, caughtUp }: Replica): GalleryVectors {
  return {
    async put(vectors) {
      let whole = true;
      await inLanes(vectors, async (vector) => {
        if (!(await putOne(vector))) whole = false;
      });
      return whole;
    },

    async remove(faceIds) {
      await inLanes(faceIds, (id) => bucket.delete(faceKey(id)));
      await caughtUp();
    },

    async get(faceIds) {
      return faceIds.map((id) => {
        const entry = catalogue.face(id);
        // A copy: memory is moved about when faces are deleted.
        return entry && catalogue.vectorOf(entry)?.slice();
      });
    },

    async storedFor(identityId) {
      await caughtUp();
      return catalogue.facesOf(identityId).map(({ face }) => face.id);
    },

    async countFor(identityIds) {
      await caughtUp();
      return identityIds.reduce((sum, id) => sum + catalogue.facesOf(id).length, 0);
    },

    async nearest({ probe, count, withoutIdentities, withoutFaces }) {
      follower.mustServe();
      const { compared } = catalogue;
      // Identities with many faces near the probe crowd out others: then more rows are asked for.
      for (let wanted = count; ; wanted = wanted * 4 + 1_000) {
        const rows = compared.nearest(probe, wanted);
        const found = new Set(withoutIdentities);
        const hits: VectorHit[] = [];
        let last = 1;
        for (const { key, similarity } of rows) {
          // Once there are enough, only identities that are just as near could still come before one of them.
          if (hits.length >= count && similarity < last) break;
          last = similarity;
          const entry = catalogue.faceByKey(key);
          if (!entry || found.has(entry.identityId) || withoutFaces.includes(entry.face.id)) continue;
          found.add(entry.identityId);
          hits.push({ faceId: entry.face.id, identityId: entry.identityId, similarity });
        }
        const more = rows.length < compared.size;
        if (hits.length >= count || !more) return { hits, more, searched: compared.size };
      }
    },
  };

  /** @returns false where another replica's record came first */
  async function putOne({ face, identityId, embedding }: StoredVector): Promise<boolean> {
    const digest = digestOf(embeddingToBytes(embedding));
    const entry = catalogue.face(face.id);
    const isThere = entry?.identityId === identityId && entry.digest === digest;
    if (isThere && entry.face.photoDigest === face.photoDigest) return true;
    const record = { face, identityId, embedding };
    const revision = entry
      ? await bucket.updateFace(record, entry.revision)
      : await bucket.createFace(record);
    if (revision === undefined) return false;
    await follower.reached(revision);
    // Two replicas may add the same photo under two ids in the same instant: of the two, whose record came second takes it back.
    const earlier = catalogue
      .facesOf(identityId)
      .find(
        (other) =>
          other.digest === digest &&
          other.face.model === face.model &&
          other.face.id !== face.id &&
          other.revision < revision,
      );
    if (earlier) await bucket.delete(faceKey(face.id), revision);
    return !earlier;
  }
}
