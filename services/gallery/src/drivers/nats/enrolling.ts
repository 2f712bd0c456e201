import { StageFailure, embeddingToBytes } from "@similarfaces/contracts";
import type { DriverFace, EnrolledFace, GalleryDriver } from "../../operations/gallery.js";
import type { FaceEntry } from "./catalogue.js";
import { digestOf } from "./changes.js";
import { faceKey, identityKey } from "./record.js";
import { TRIES_MAX, caughtUp, contended, type Replica } from "./replica.js";

/** Adds faces, each once: whoever else adds the same, here or on another replica. */
export function createEnrolling(replica: Replica): Pick<GalleryDriver, "add"> {
  const { record, catalogue, follower } = replica;
  /** The last addition to each identity. */
  const adding = new Map<string, Promise<unknown>>();
  return {
    /** One after the other for one identity: the second of two equal faces finds the first. */
    async add(face) {
      const { id } = face.identity;
      const before = adding.get(id);
      const added = (async () => {
        await before?.catch(() => {});
        return addNext(face);
      })();
      adding.set(id, added);
      try {
        return await added;
      } finally {
        if (adding.get(id) === added) adding.delete(id);
      }
    },
  };

  async function addNext(face: DriverFace): Promise<EnrolledFace> {
    const digest = digestOf(embeddingToBytes(face.embedding));
    await caughtUp(replica);
    for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
      const known = catalogue.face(face.face.id) ?? sameIn(face, digest);
      // A face whose adding was cut short waits for its identity.
      const owner = known ? { ...face.identity, id: known.identityId } : face.identity;
      const isNew = !catalogue.identity(owner.id);
      const made = isNew ? await record.createIdentity(owner) : undefined;
      const added = known ? undefined : await createFace(face, isNew);
      const written = added ?? made;
      // Of what others have written before, all that there is has been taken in when one's own change has.
      if (written !== undefined) await follower.reached(written);
      else if (isNew || !known) await caughtUp(replica);
      const earlier = added === undefined ? undefined : sameIn(face, digest, added);
      if (earlier && added !== undefined) {
        // Another replica was adding the same: of the two, whose record came second takes it back.
        await record.delete(faceKey(face.face.id), added);
        await caughtUp(replica);
        continue;
      }
      const entry = catalogue.face(known?.face.id ?? face.face.id);
      const identity = entry && catalogue.identity(entry.identityId);
      if (identity) {
        return {
          identityId: identity.id,
          faceId: entry.face.id,
          name: identity.name,
          added: added !== undefined,
        };
      }
      // Its identity was deleted meanwhile: the deletion may have come too early to see this face.
      if (entry) await record.delete(faceKey(entry.face.id));
      await caughtUp(replica);
    }
    throw contended();
  }

  /** The same vector in the same identity, as another face; `before` a revision, where one is given. */
  function sameIn({ face, identity }: DriverFace, digest: number, before = Infinity): FaceEntry | undefined {
    return catalogue
      .facesOf(identity.id)
      .find(
        (entry) =>
          entry.digest === digest &&
          entry.face.model === face.model &&
          entry.face.id !== face.id &&
          entry.revision < before,
      );
  }

  /** An identity that was made for a face which then found no room is taken back. */
  async function createFace(face: DriverFace, withIdentity: boolean): Promise<number | undefined> {
    try {
      return await record.createFace(face);
    } catch (error) {
      const { id } = face.identity;
      if (withIdentity && isFull(error) && catalogue.facesOf(id).length === 0) {
        await record.delete(identityKey(id)).catch(() => {});
      }
      throw error;
    }
  }
}

function isFull(error: unknown): boolean {
  return error instanceof StageFailure && error.code === "gallery_full";
}
