import { newJobId } from "@similarfaces/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  galleryBlobKey,
  galleryFaceOfKey,
  jobBlobKey,
  jobBlobPrefix,
  type Blobs,
} from "../src/blobs/blobs.js";

/** What every blob store does alike. `open` is called once. */
export function testBlobs(name: string, open: () => Promise<Blobs>): void {
  describe(`blobs in ${name}`, () => {
    let blobs: Blobs;
    beforeAll(async () => {
      blobs = await open();
    });
    afterAll(() => blobs?.close());

    it("gives back what was put, bytes and type", async () => {
      const key = jobBlobKey(newJobId(Date.now()), "upload");
      const bytes = pattern(300_001);
      await blobs.put(key, bytes, "image/webp");
      const blob = await blobs.get(key);
      expect(blob?.contentType).toBe("image/webp");
      expect(Buffer.compare(blob!.bytes, bytes)).toBe(0);
    });

    it("keeps an empty blob", async () => {
      const key = jobBlobKey(newJobId(Date.now()), "photo.jpg");
      await blobs.put(key, new Uint8Array(0), "image/jpeg");
      expect((await blobs.get(key))?.bytes.length).toBe(0);
    });

    it("replaces a blob of the same key", async () => {
      const key = galleryBlobKey("face-replaced");
      await blobs.put(key, pattern(10), "image/png");
      await blobs.put(key, pattern(20), "image/jpeg");
      const blob = await blobs.get(key);
      expect(blob?.bytes.length).toBe(20);
      expect(blob?.contentType).toBe("image/jpeg");
      expect((await blobs.list(key)).length).toBe(1);
    });

    it("has nothing under a key that was never put", async () => {
      expect(await blobs.get(jobBlobKey(newJobId(Date.now()), "upload"))).toBeUndefined();
      expect(await blobs.get("gallery/nobody.jpg")).toBeUndefined();
    });

    it("deletes once, and says whether there was something", async () => {
      const key = galleryBlobKey("face-deleted");
      await blobs.put(key, pattern(10), "image/jpeg");
      expect(await blobs.delete(key)).toBe(true);
      expect(await blobs.get(key)).toBeUndefined();
      expect(await blobs.delete(key)).toBe(false);
      expect(await blobs.delete("gallery/nobody.jpg")).toBe(false);
    });

    it("deletes what was read, of one part or of several, and nothing else", async () => {
      const job = newJobId(Date.now());
      const [upload, photo] = [jobBlobKey(job, "upload"), jobBlobKey(job, "photo.jpg")];
      for (const size of [10, 1_300_000]) {
        await blobs.put(upload, pattern(size), "image/jpeg");
        await blobs.put(photo, pattern(10), "image/jpeg");
        const blob = await blobs.get(upload);
        await blob!.delete();
        expect(await blobs.get(upload)).toBeUndefined();
        expect(await blobs.list(jobBlobPrefix(job))).toEqual([photo]);
        await expect(blob!.delete(), "again").resolves.toBeUndefined();
      }
    });

    it("says when a blob was put", async () => {
      const key = galleryBlobKey("face-dated");
      expect(await blobs.storedAtMs(key)).toBeUndefined();
      const beforeMs = Date.now();
      await blobs.put(key, pattern(10), "image/jpeg");
      // S3 counts in whole seconds.
      expect(await blobs.storedAtMs(key)).toBeGreaterThanOrEqual(Math.floor(beforeMs / 1_000) * 1_000);
      expect(await blobs.storedAtMs(key)).toBeLessThanOrEqual(Date.now() + 1_000);
      await blobs.delete(key);
      expect(await blobs.storedAtMs(key)).toBeUndefined();
    });

    it("knows a portrait's face by its key", async () => {
      expect(galleryFaceOfKey(galleryBlobKey("a_Face-1"))).toBe("a_Face-1");
      for (const other of [jobBlobKey(newJobId(Date.now()), "upload"), "gallery/a/b.jpg", "gallery/a.png"])
        expect(galleryFaceOfKey(other)).toBeUndefined();
    });

    it("lists the blobs of one job and of no other", async () => {
      const [job, neighbour] = [newJobId(Date.now()), newJobId(Date.now())];
      const keys = [
        jobBlobKey(job, "upload"),
        jobBlobKey(job, "photo.jpg"),
        ...Array.from({ length: 12 }, (_, face) => `${jobBlobPrefix(job)}face-${face}.jpg`),
      ];
      await Promise.all(
        [...keys, jobBlobKey(neighbour, "upload")].map((key) => blobs.put(key, pattern(100), "image/jpeg")),
      );
      expect((await blobs.list(jobBlobPrefix(job))).sort()).toEqual([...keys].sort());
      await blobs.delete(keys[0]!);
      expect((await blobs.list(jobBlobPrefix(job))).length).toBe(keys.length - 1);
      expect((await blobs.list(jobBlobPrefix(neighbour))).length).toBe(1);
      expect(await blobs.list(jobBlobPrefix(newJobId(Date.now())))).toEqual([]);
    });

    it("keeps blobs put at the same time apart", async () => {
      const job = newJobId(Date.now());
      const faces = Array.from({ length: 24 }, (_, face) => face);
      await Promise.all(
        faces.map((face) =>
          blobs.put(`${jobBlobPrefix(job)}face-${face}.jpg`, pattern(face + 1), "image/jpeg"),
        ),
      );
      const back = await Promise.all(faces.map((face) => blobs.get(`${jobBlobPrefix(job)}face-${face}.jpg`)));
      expect(back.map((blob) => blob?.bytes.length)).toEqual(faces.map((face) => face + 1));
    });
  });
}

/** Bytes that no shift or repetition leaves alike. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7) & 255);
}
