import {
  galleryBlobKey,
  galleryFaceOfKey,
  GALLERY_BLOB_PREFIX,
  type Blobs,
  type Log,
} from "@similarfaces/runtime";
import type { DriverFace, EnrolledFace, GalleryDriver } from "./gallery.js";

export type Portraits = ReturnType<typeof createPortraits>;

const FACES_PER_QUESTION = 500;
/** So many of them, and more than there are portraits with a face: the record is lost rather than the portraits left. */
const SUSPICIOUS_ORPHANS = 100;
/** A sweep ends by then; the next one goes on. */
const ORPHANS_PER_SWEEP = 1_000;

/**
 * The portraits beside a driver's records. One is stored before its face, so that whatever fails in between can be done
 * again, and deleted before it. Without its face it is shown to nobody (the gateway asks), goes again as soon as adding
 * the face has failed, and is swept where not even that was possible.
 */
export function createPortraits(driver: GalleryDriver, blobs: Blobs) {
  return { add, of, remove, sweep };

  /** Adds the face and keeps its portrait, where there is one. @throws as the driver and the store do */
  async function add(face: DriverFace, portrait: Uint8Array): Promise<EnrolledFace> {
    const { id } = face.face;
    // What is in stays as it is: a face that has a portrait keeps it.
    const isMine = portrait.length > 0 && !((await isThere(id)) && (await of(id)));
    if (isMine) await blobs.put(galleryBlobKey(id), portrait, "image/jpeg");
    let enrolled: EnrolledFace;
    try {
      enrolled = await driver.add(face);
    } catch (error) {
      // Every time, not the last time only: which that is nobody knows here, and the next attempt stores it again.
      if (isMine && !(await isThere(id).catch(() => false))) await leave(id);
      throw error;
    }
    // The same photo once more: the face that is there has its own portrait.
    if (isMine && enrolled.faceId !== id) await leave(id);
    return enrolled;
  }

  async function of(faceId: string): Promise<Uint8Array | undefined> {
    return (await blobs.get(galleryBlobKey(faceId)))?.bytes;
  }

  /** @returns how many there were @throws StageFailure storage_unavailable; those before are gone by then */
  async function remove(faceIds: readonly string[]): Promise<number> {
    let removed = 0;
    for (const faceId of faceIds) if (await blobs.delete(galleryBlobKey(faceId))) removed++;
    return removed;
  }

  /**
   * Deletes what is older than that and has no face: what an enrolment may still be adding a face for is younger.
   * @returns how many were deleted
   */
  async function sweep(storedBeforeMs: number, log: Log): Promise<number> {
    const faceIds = (await blobs.list(GALLERY_BLOB_PREFIX)).flatMap((key) => galleryFaceOfKey(key) ?? []);
    const orphans: string[] = [];
    for (let i = 0; i < faceIds.length; i += FACES_PER_QUESTION) {
      const some = faceIds.slice(i, i + FACES_PER_QUESTION);
      const present = await driver.hasFaces(some);
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
      // Asked again: its face may have been imported meanwhile.
      if (!(await isThere(faceId)) && (await blobs.delete(key))) deleted++;
    }
    return deleted;
  }

  async function isThere(faceId: string): Promise<boolean> {
    return (await driver.hasFaces([faceId]))[0] === true;
  }

  /** Shown to nobody already; where even this fails, the sweep has it. */
  async function leave(faceId: string): Promise<void> {
    await blobs.delete(galleryBlobKey(faceId)).catch(() => {});
  }
}
