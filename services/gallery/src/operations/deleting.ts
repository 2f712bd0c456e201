import { GalleryDeletionSchema, StageFailure, create, type GalleryDeletion } from "@similarfaces/contracts";
import type { Deletion } from "./deletions.js";
import type { Identities } from "./identities.js";
import type { Portraits } from "./portraits.js";

/** An identity of more faces is deleted in the background: a caller does not wait for so many portraits. */
export const DELETED_AT_ONCE_MAX = 200;
/** Counted with one write, then deleted. */
const BATCH = 100;
/** Their batches are in one note, which has to fit into one message of the broker, however many deletions are under way. */
const TOGETHER_MAX = 8;

/**
 * Deletes identities: small ones at once; of one with many faces the record goes first, so that nothing finds them any more, and then the
 * faces go batch by batch. A batch is written down as counted before it is deleted: whoever goes on deletes it once more, and counts it once.
 */
export function createDeleting(identities: Identities, portraits: Portraits) {
  const { deletions } = identities;
  return { deleteIdentity, goOn };

  /** @throws StageFailure identity_not_found */
  async function deleteIdentity(identityId: string): Promise<GalleryDeletion> {
    const known = await identities.facesOf(identityId).catch(unlessNotFound);
    if (known && known.length <= DELETED_AT_ONCE_MAX) return deleteAtOnce(identityId, known);
    if (known) {
      const begun: Deletion = {
        identityId,
        startedAtMs: Date.now(),
        faces: 0,
        thumbnails: 0,
        counted: [],
        step: 0,
      };
      try {
        await deletions.write(begun, undefined);
      } catch (error) {
        // A full store takes no note; deleting makes the room.
        if (error instanceof StageFailure && error.code === "gallery_full")
          return deleteAtOnce(identityId, known);
        throw error;
      }
      await identities.unlist(identityId, () => deletions.isOpen(identityId));
    }
    const deletion = await deletions.of(identityId);
    if (!deletion) throw new StageFailure("identity_not_found");
    const facesLeft = deletion.endedAtMs === undefined ? await identities.countFacesOf([identityId]) : 0;
    const { faces, thumbnails, endedAtMs } = deletion;
    const isUnderWay = endedAtMs === undefined;
    return create(GalleryDeletionSchema, { identities: 1, faces, thumbnails, facesLeft, isUnderWay });
  }

  async function deleteAtOnce(identityId: string, known: readonly string[]): Promise<GalleryDeletion> {
    let thumbnails = await portraits.remove(known);
    const faces = await identities.deleteIdentity(identityId);
    // Those that were enrolled since.
    thumbnails += await portraits.remove(faces.filter((id) => !known.includes(id)));
    return create(GalleryDeletionSchema, { identities: 1, faces: faces.length, thumbnails });
  }

  /** One batch of each of the first deletions that are under way. @returns whether there is more */
  async function goOn(): Promise<boolean> {
    const open = await deletions.open();
    for (const { identityId } of open.slice(0, TOGETHER_MAX)) await deleteBatch(identityId);
    return open.length > 0;
  }

  async function deleteBatch(identityId: string): Promise<void> {
    // Whoever began it may have ended before this.
    await identities.unlist(identityId, () => deletions.isOpen(identityId));
    const deletion = await deletions.of(identityId);
    // Another replica has ended it since it was listed, and somebody of that id may be there again.
    if (!deletion || deletion.endedAtMs !== undefined) return;
    const { step } = deletion;
    const stored = await identities.storedFor(identityId);
    let batch = stored.filter((id) => deletion.counted.includes(id));
    if (batch.length === 0) {
      batch = stored.slice(0, BATCH);
      const counted =
        batch.length > 0
          ? {
              ...deletion,
              faces: deletion.faces + batch.length,
              thumbnails: deletion.thumbnails + (await portraits.count(batch)),
              counted: batch,
              step: step + 1,
            }
          : { ...deletion, counted: [], step: step + 1, endedAtMs: Date.now() };
      // Another replica was faster, and deletes it.
      if (!(await deletions.write(counted, deletion))) return;
    }
    await portraits.remove(batch);
    await identities.removeStored(batch);
  }
}

function unlessNotFound(error: unknown): undefined {
  if (error instanceof StageFailure && error.code === "identity_not_found") return undefined;
  throw error;
}
