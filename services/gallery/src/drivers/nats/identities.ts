import { StageFailure, type Identity } from "@similarfaces/contracts";
import type { GalleryDriver } from "../../operations/gallery.js";
import { faceKey, identityKey } from "./record.js";
import { TRIES_MAX, caughtUp, contended, identityIn, type Replica } from "./replica.js";

const WRITES_AT_ONCE = 16;

/** Identities, and what becomes of their faces with them. */
export function createIdentities(
  replica: Replica,
): Pick<
  GalleryDriver,
  "get" | "rename" | "merge" | "hasFaces" | "facesOf" | "deleteFace" | "deleteIdentity"
> {
  const { record, catalogue, follower } = replica;
  return {
    async get(identityId: string): Promise<Identity> {
      await caughtUp(replica);
      return catalogue.shown(identityIn(catalogue, identityId));
    },

    async rename(identityId: string, name: string): Promise<Identity> {
      for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
        await caughtUp(replica);
        const { id, consent, createdAtMs, revision } = identityIn(catalogue, identityId);
        const renamed = await record.updateIdentity({ id, name, consent, createdAtMs }, revision);
        if (renamed === undefined) continue;
        await follower.reached(renamed);
        return catalogue.shown(identityIn(catalogue, identityId));
      }
      throw contended();
    },

    async merge(fromIdentityId: string, intoIdentityId: string): Promise<Identity> {
      await caughtUp(replica);
      identityIn(catalogue, fromIdentityId);
      identityIn(catalogue, intoIdentityId);
      await moveFaces(fromIdentityId, intoIdentityId);
      await record.delete(identityKey(fromIdentityId));
      // Those that were added before the identity was gone; later ones find it gone themselves.
      await moveFaces(fromIdentityId, intoIdentityId);
      await caughtUp(replica);
      if (!catalogue.identity(intoIdentityId)) await deleteFaces(intoIdentityId);
      return catalogue.shown(identityIn(catalogue, intoIdentityId));
    },

    async hasFaces(faceIds: readonly string[]): Promise<boolean[]> {
      await caughtUp(replica);
      return faceIds.map((id) => {
        const entry = catalogue.face(id);
        return entry !== undefined && catalogue.identity(entry.identityId) !== undefined;
      });
    },

    async facesOf(identityId: string): Promise<string[]> {
      await caughtUp(replica);
      identityIn(catalogue, identityId);
      return catalogue.facesOf(identityId).map(({ face }) => face.id);
    },

    async deleteFace(faceId: string): Promise<string[]> {
      await caughtUp(replica);
      if (!catalogue.face(faceId)) throw new StageFailure("face_not_found");
      await record.delete(faceKey(faceId));
      await caughtUp(replica);
      return [faceId];
    },

    async deleteIdentity(identityId: string): Promise<string[]> {
      await caughtUp(replica);
      identityIn(catalogue, identityId);
      const deleted = await deleteFaces(identityId);
      await record.delete(identityKey(identityId));
      // As in a merge.
      return [...deleted, ...(await deleteFaces(identityId))];
    },
  };

  async function moveFaces(from: string, into: string): Promise<void> {
    for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
      await caughtUp(replica);
      const faces = catalogue.facesOf(from);
      if (faces.length === 0) return;
      await inLanes(faces, async (entry) => {
        const vector = catalogue.vectorOf(entry);
        if (vector) await record.moveFace(entry.face, vector, into, entry.revision);
      });
    }
    throw contended();
  }

  async function deleteFaces(identityId: string): Promise<string[]> {
    await caughtUp(replica);
    const ids = catalogue.facesOf(identityId).map(({ face }) => face.id);
    await inLanes(ids, (id) => record.delete(faceKey(id)));
    await caughtUp(replica);
    return ids;
  }
}

async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < items.length) await work(items[next++]!);
  };
  await Promise.all(Array.from({ length: Math.min(WRITES_AT_ONCE, items.length) }, lane));
}
