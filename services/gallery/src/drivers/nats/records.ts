import type { GalleryRecords } from "../driver.js";
import type { IdentityRecord } from "../identityRecord.js";
import { faceKey, identityKey } from "./bucket.js";
import type { IdentityEntry } from "./memory/catalogue.js";
import { inLanes, type Replica } from "./replica.js";

/**
 * Identities in the bucket. One has a record of its own with name and consent; a face's record names its identity, and
 * so is listed by it as long as that is there.
 */
export function createRecords({ bucket, catalogue, follower, caughtUp }: Replica): GalleryRecords {
  return {
    async read(identityIds) {
      await caughtUp();
      return identityIds.map((id) => recordOf(catalogue.identity(id)));
    },

    /**
     * Who made a new identity first gives it its name. Faces of other identities are moved; one that is not there makes
     * the record out of date.
     */
    async write(record) {
      const { id, name, consent, createdAtMs, faces } = record;
      const read = record.version as IdentityEntry | undefined;
      let written = 0;
      if (!read) {
        const created = await bucket.createIdentity({ id, name, consent, createdAtMs });
        if (created === undefined) await caughtUp();
        else written = created;
      } else if (name !== read.name) {
        const updated = await bucket.updateIdentity({ id, name, consent, createdAtMs }, read.revision);
        if (updated === undefined) return undefined;
        written = updated;
      }
      await inLanes(faces, async ({ face }) => {
        const entry = catalogue.face(face.id);
        const embedding = entry && catalogue.vectorOf(entry);
        if (!embedding || entry.identityId === id) return;
        const moved = await bucket.updateFace(
          { face: entry.face, identityId: id, embedding },
          entry.revision,
        );
        written = Math.max(written, moved ?? 0);
      });
      await follower.reached(written);
      const entries = faces.map(({ face }) => catalogue.face(face.id));
      const identity = catalogue.identity(id);
      if (!identity) {
        // Deleted since it was read, and the deletion may have come too early to see these faces.
        const left = entries.filter((entry) => entry?.identityId === id);
        await inLanes(left, (entry) => bucket.delete(faceKey(entry!.face.id), entry!.revision));
        return undefined;
      }
      return entries.every((entry) => entry?.identityId === id) ? recordOf(identity) : undefined;
    },

    async remove({ id, name, consent, createdAtMs, version }, { leavesFaces } = { leavesFaces: false }) {
      if (!(await bucket.delete(identityKey(id), (version as IdentityEntry).revision))) return false;
      await caughtUp();
      if (leavesFaces || catalogue.facesOf(id).length === 0) return true;
      // Added while this was on its way, by a replica that still saw the identity: what becomes of them is the caller's choice.
      await bucket.createIdentity({ id, name, consent, createdAtMs });
      return false;
    },

    async named(key) {
      await caughtUp();
      return catalogue.identitiesOfKey(key);
    },

    async owners(faceIds) {
      await caughtUp();
      return faceIds.map((faceId) => {
        const identityId = catalogue.face(faceId)?.identityId;
        return identityId !== undefined && catalogue.identity(identityId) ? identityId : undefined;
      });
    },

    // A search does not wait for what other replicas have written.
    async namesOf(hits) {
      return hits.map(({ faceId, identityId }) =>
        catalogue.face(faceId)?.identityId === identityId ? catalogue.identity(identityId)?.name : undefined,
      );
    },

    async list({ keyPart, count, after }) {
      await caughtUp();
      const all = catalogue.identitiesByName();
      const first = after ? catalogue.positionBehind(after.key, after.id) : 0;
      const fits = (identity: IdentityEntry) => identity.key.includes(keyPart);
      const page: IdentityEntry[] = [];
      for (let i = first; i < all.length && page.length < count; i++) {
        if (fits(all[i]!)) page.push(all[i]!);
      }
      const total = keyPart === "" ? all.length : all.filter(fits).length;
      return { records: page.map((identity) => recordOf(identity)!), total };
    },

    async faces(count, after) {
      await caughtUp();
      const entries = catalogue.facesBehind(after, count);
      const faces = entries.map(({ face, identityId }) => ({
        identity: catalogue.identity(identityId)!,
        face,
      }));
      return { faces, next: faces.length < count ? undefined : faces.at(-1)!.face.id };
    },

    async count() {
      await caughtUp();
      const { identities, faces } = catalogue;
      return { identities, faces, notSearched: catalogue.notSearched() };
    },
  };

  function recordOf(entry: IdentityEntry | undefined): IdentityRecord | undefined {
    if (!entry) return undefined;
    const { id, name, consent, createdAtMs } = entry;
    const faces = catalogue.facesOf(id).map(({ face, digest }) => ({ face, digest }));
    return { id, name, consent, createdAtMs, faces, version: entry };
  }
}
