import { describe, expect, it } from "vitest";
import type { Gallery } from "../../src/operations/gallery.js";
import { EYES, MODEL, embedding, face, memoryBlobs, page, probe } from "../fixtures.js";
import type { Stores } from "./stores.js";

const FACES = 230;

export function testDeleting({ openGallery, newStore }: Stores): void {
  describe("deleting somebody with many faces", () => {
    it("is under way at once, and done in the end, with a receipt that counts everything", async () => {
      const { gallery, blobs } = await withMany();
      expect(await gallery.deleteIdentity("many")).toMatchObject({
        identities: 1,
        faces: 0,
        thumbnails: 0,
        facesLeft: FACES,
        isUnderWay: true,
      });
      await expectGone(gallery);
      expect(await gallery.statistics()).toMatchObject({
        identities: 1,
        faces: 1,
        deleting: { identities: 1, faces: FACES },
      });
      while (await gallery.goOnDeleting());
      await expectDeleted(gallery, blobs);
    });

    it("goes on where a process was killed, in whatever part of it, and counts nothing twice", async () => {
      const { gallery, store, blobs } = await withMany();
      await gallery.deleteIdentity("many");
      // Every portrait is a chance to end: the store takes one more each time, then no more.
      let left = 0;
      const { delete: remove } = blobs;
      blobs.delete = async (key) => {
        if (left-- <= 0) throw new Error("killed");
        return remove(key);
      };
      let replica = gallery;
      for (let ended = 0; ended < 4; ended++) {
        left = 37;
        await expect(replica.goOnDeleting()).rejects.toThrow("killed");
        replica = await openGallery(store, blobs);
        await expectGone(replica);
      }
      left = Infinity;
      while (await replica.goOnDeleting());
      await expectDeleted(replica, blobs);
    });

    it("is done once by replicas that do it together", async () => {
      const { gallery, store, blobs } = await withMany();
      const other = await openGallery(store, blobs);
      await gallery.deleteIdentity("many");
      const run = async (replica: Gallery) => {
        while (await replica.goOnDeleting());
      };
      await Promise.all([run(gallery), run(other)]);
      await expectDeleted(other, blobs);
    });

    it("takes nobody of that id meanwhile, and anybody afterwards", async () => {
      const { gallery } = await withMany();
      await gallery.deleteIdentity("many");
      const again = (as: "known" | "any") =>
        gallery.enrol(face({ id: "again", identity: "many", as, embedding: embedding(7) }));
      await expect(again("known")).rejects.toMatchObject({ code: "identity_not_found" });
      await expect(again("any")).rejects.toMatchObject({ code: "gallery_unavailable" });
      while (await gallery.goOnDeleting());
      await again("any");
      expect((await gallery.get("many")).faces.map(({ id }) => id)).toEqual(["again"]);
      expect(await gallery.deleteIdentity("many")).toMatchObject({ faces: 1, isUnderWay: false });
    });

    it("leaves whoever has the id again alone, though a replica has read that they are deleted", async () => {
      const { gallery, store, blobs } = await withMany();
      await importMany(gallery, "first", "a");
      const slowBlobs = { ...blobs };
      const slow = await openGallery(store, slowBlobs);
      await gallery.deleteIdentity("first");
      await gallery.deleteIdentity("many");
      let isAgain = false;
      // Between two deletions that the slow replica has read at once.
      slowBlobs.delete = async (key) => {
        if (!isAgain) {
          isAgain = true;
          while (await gallery.goOnDeleting());
          await importMany(gallery, "many", "f");
        }
        return blobs.delete(key);
      };
      await slow.goOnDeleting();
      expect(isAgain).toBe(true);
      expect((await gallery.get("many")).faces).toHaveLength(FACES);
      expect(await gallery.statistics()).toMatchObject({ identities: 2, faces: FACES + 1 });
    });

    it("keeps the portraits for the count, whatever the sweep finds", async () => {
      const { gallery, blobs } = await withMany();
      await gallery.deleteIdentity("many");
      expect(await gallery.sweepPortraits(Date.now(), { warn() {} } as never)).toBe(0);
      while (await gallery.goOnDeleting());
      await expectDeleted(gallery, blobs);
    });
  });

  async function withMany() {
    const [store, blobs] = [newStore(), memoryBlobs()];
    const gallery = await openGallery(store, blobs);
    await gallery.enrol(face({ id: "other", identity: "other", embedding: embedding(999) }));
    await importMany(gallery, "many", "f");
    return { gallery, store, blobs };
  }

  async function importMany(gallery: Gallery, identity: string, prefix: string): Promise<void> {
    const faces = Array.from({ length: FACES }, (_, i) =>
      face({ id: `${prefix}${i}`, identity, name: "Many", embedding: embedding(i) }),
    );
    await gallery.importFaces(
      faces.map(({ faceId, identityId, name, consent, embedding: bytes, portrait }) => ({
        $typeName: "similarfaces.v2.ExportedFace",
        identityId,
        name,
        consent,
        embedding: bytes,
        thumbnail: portrait,
        face: {
          $typeName: "similarfaces.v2.GalleryFace",
          id: faceId,
          model: MODEL,
          createdAtMs: 1_000,
          sourceJobId: "",
          source: "",
          photoDigest: "",
          eyes: EYES,
        },
      })),
    );
  }

  async function expectGone(gallery: Gallery): Promise<void> {
    await expect(gallery.get("many")).rejects.toMatchObject({ code: "identity_not_found" });
    expect((await gallery.list(page(10))).identities.map(({ id }) => id)).toEqual(["other"]);
    const { candidates } = await gallery.search(probe(embedding(3)), 5);
    expect(candidates.map(({ identityId }) => identityId)).toEqual(["other"]);
    expect(await gallery.hasFace("f3")).toBe(false);
    const exported = await gallery.exportFaces({ pageSize: 500, pageToken: "" });
    expect(exported.faces.map(({ face: one }) => one!.id)).toEqual(["other"]);
  }

  async function expectDeleted(gallery: Gallery, { stored }: ReturnType<typeof memoryBlobs>): Promise<void> {
    const receipt = { identities: 1, faces: FACES, thumbnails: FACES, facesLeft: 0, isUnderWay: false };
    expect(await gallery.deleteIdentity("many")).toMatchObject(receipt);
    expect(stored.size).toBe(1);
    expect(await gallery.statistics()).toMatchObject({
      identities: 1,
      faces: 1,
      deleting: { identities: 0, faces: 0 },
    });
    expect((await gallery.search(probe(embedding(3)), 5)).galleryFaces).toBe(1);
  }
}
