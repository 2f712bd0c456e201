import {
  galleryBlobKey,
  galleryFaceOfKey,
  GALLERY_BLOB_PREFIX,
  type Blobs,
  type Log,
} from "@similarfaces/runtime";
import type { EnrolledFace } from "./gallery.js";
import type { FaceToAdd, Identities } from "./identities.js";

export type Portraits = ReturnType<typeof createPortraits>;

const FACES_PER_QUESTION = 500;
/** More portraits without a face than this, and than with one, mean that the records were lost: then nothing is swept. */
const SUSPICIOUS_ORPHANS = 100;
/** Deleted by one sweep at most; the next sweep deletes the rest. */
const ORPHANS_PER_SWEEP = 1_000;

/**
 * The portraits of the faces. One is stored before its face and deleted before it, so that either can be repeated after a
 * failure. A portrait without a face is shown to nobody (the gateway asks `has_face`). It is deleted as soon as adding the
 * face has failed, and by the sweep where that was not possible.
 */
export function createPortraits(identities: Identities, blobs: Blobs) {
  return { add, of, count, remove, sweep };

  /** Adds the face and keeps its portrait, where there is one. @throws as the driver and the store do */
  async function add(face: FaceToAdd, portrait: Uint8Array): Promise<EnrolledFace> {
    const { id } = face.face;
    // A face that has a portrait keeps it.
    const isNew = portrait.length > 0 && !((await hasFace(id)) && (await of(id)));
    if (isNew) await blobs.put(galleryBlobKey(id), portrait, "image/jpeg");
    let enrolled: EnrolledFace;
    try {
      enrolled = await identities.add(face);
    } catch (error) {
      // At every attempt, since any may be the last; the next one stores it again.
      if (isNew && !(await hasFace(id).catch(() => false))) await discard(id);
      throw error;
    }
    // The same photo once more: the face that is there has its own portrait.
    if (isNew && enrolled.faceId !== id) await discard(id);
    return enrolled;
  }

  async function of(faceId: string): Promise<Uint8Array | undefined> {
    return (await blobs.get(galleryBlobKey(faceId)))?.bytes;
  }

  /** @returns how many there were @throws StageFailure storage_unavailable, with some of them deleted */
  async function remove(faceIds: readonly string[]): Promise<number> {
    const removed = await inLanes(faceIds, (faceId) => blobs.delete(galleryBlobKey(faceId)));
    return removed.filter(Boolean).length;
  }

  /** Of these faces, how many have one. */
  async function count(faceIds: readonly string[]): Promise<number> {
    const stored = await inLanes(faceIds, (faceId) => blobs.storedAtMs(galleryBlobKey(faceId)));
    return stored.filter((atMs) => atMs !== undefined).length;
  }

  /**
   * Deletes what is older than that and has no face: what an enrolment may still be adding a face for is younger.
   * @returns how many were deleted
   */
  async function sweep(storedBeforeMs: number, log: Log): Promise<number> {
    // Its portraits have no face any more, and are counted as they go.
    if ((await identities.deletions.open()).length > 0) return 0;
    const faceIds = (await blobs.list(GALLERY_BLOB_PREFIX)).flatMap((key) => galleryFaceOfKey(key) ?? []);
    const orphans: string[] = [];
    for (let i = 0; i < faceIds.length; i += FACES_PER_QUESTION) {
      const some = faceIds.slice(i, i + FACES_PER_QUESTION);
      const present = await identities.hasFaces(some);
      orphans.push(...some.filter((_, n) => !present[n]));
    }
    if (orphans.length > SUSPICIOUS_ORPHANS && orphans.length > faceIds.length / 2) {
      log.warn(
        { portraits: faceIds.length, orphans: orphans.length },
        "most portraits have no face in the gallery: is its record lost? They are shown to nobody, and stay",
      );
      return 0;
    }
    let deleted = 0;
    for (const faceId of orphans.slice(0, ORPHANS_PER_SWEEP)) {
      const key = galleryBlobKey(faceId);
      const storedAtMs = await blobs.storedAtMs(key);
      if (storedAtMs === undefined || storedAtMs >= storedBeforeMs) continue;
      // Its face may have been imported meanwhile.
      if (!(await hasFace(faceId)) && (await blobs.delete(key))) deleted++;
    }
    return deleted;
  }

  async function hasFace(faceId: string): Promise<boolean> {
    return (await identities.hasFaces([faceId]))[0] === true;
  }

  /** A portrait without a face is shown to nobody; where this fails, the sweep deletes it. */
  async function discard(faceId: string): Promise<void> {
    await blobs.delete(galleryBlobKey(faceId)).catch(() => {});
  }
}

const AT_ONCE = 16;

/** Sixteen at a time. */
async function inLanes<T>(faceIds: readonly string[], ask: (faceId: string) => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  for (let i = 0; i < faceIds.length; i += AT_ONCE) {
    answers.push(...(await Promise.all(faceIds.slice(i, i + AT_ONCE).map(ask))));
  }
  return answers;
}
