import { describe, expect, it } from "vitest";
import { createGallery } from "../../src/operations/createGallery.js";
import { MODEL, embedding, face, memoryBlobs, page, probe } from "../fixtures.js";
import type { Stores } from "./stores.js";

export function testReplicas({ openGallery, newStore, open }: Stores): void {
  describe("beside another replica", () => {
    it("shows what the other has changed", async () => {
      const [store, blobs] = [newStore(), memoryBlobs()];
      const one = await openGallery(store, blobs);
      const two = await openGallery(store, blobs);
      const found = async () =>
        (await two.search(probe(embedding(1)), 5)).candidates.map(({ identityId, name }) => [
          identityId,
          name,
        ]);
      await one.enrol(face({ id: "f", identity: "i", name: "Ada", embedding: embedding(1) }));
      await expect.poll(found, { timeout: 10_000 }).toEqual([["i", "Ada"]]);
      await one.rename("i", "Bea");
      await expect.poll(found, { timeout: 10_000 }).toEqual([["i", "Bea"]]);
      await one.enrol(face({ id: "g", identity: "j", name: "Ida", embedding: embedding(2) }));
      await one.merge("i", "j");
      await expect.poll(found, { timeout: 10_000 }).toEqual([["j", "Ida"]]);
      await one.deleteIdentity("j");
      await expect.poll(found, { timeout: 10_000 }).toEqual([]);
      await expect.poll(async () => (await two.statistics()).identities, { timeout: 10_000 }).toBe(0);
    });

    it("is opened twice at once, and both enrol", async () => {
      const [store, blobs] = [newStore(), memoryBlobs()];
      const [one, two] = await Promise.all([openGallery(store, blobs), openGallery(store, blobs)]);
      await Promise.all(
        Array.from({ length: 12 }, (_, i) =>
          (i % 2 ? one : two).enrol(face({ id: `f${i}`, identity: "i", embedding: embedding(i) })),
        ),
      );
      for (const gallery of [one, two]) {
        await expect.poll(async () => (await gallery.get("i")).faces.length, { timeout: 10_000 }).toBe(12);
      }
    });

    it("adds the same photo once, though both are given it in the same instant", async () => {
      const [store, blobs] = [newStore(), memoryBlobs()];
      const both = await Promise.all([openGallery(store, blobs), openGallery(store, blobs)]);
      for (let i = 0; i < 8; i++) {
        const identity = i < 4 ? "shared" : `own-${i}`;
        const enrolled = await Promise.all(
          both.map((gallery, job) =>
            gallery.enrol(face({ id: `f${i}-${job}`, identity, embedding: embedding(i) })),
          ),
        );
        expect(enrolled.filter(({ added }) => added).length).toBe(1);
        expect(enrolled[0]!.faceId).toBe(enrolled[1]!.faceId);
        expect(blobs.stored.has(`gallery/${enrolled[0]!.faceId}.jpg`)).toBe(true);
      }
      expect(blobs.stored.size).toBe(8);
      for (const gallery of both) {
        expect(await gallery.statistics()).toMatchObject({ identities: 5, faces: 8 });
      }
    });

    it("has everything after a restart", async () => {
      const [store, blobs] = [newStore(), memoryBlobs()];
      const before = createGallery(await open(store, [MODEL]), blobs, [MODEL]);
      for (let i = 0; i < 5; i++) {
        await before.enrol(face({ id: `f${i}`, identity: `i${i % 2}`, embedding: embedding(i) }));
      }
      await before.deleteFace("f4");
      const [whole, { identities }] = [
        await before.exportFaces({ pageSize: 10, pageToken: "" }),
        await before.list(page(10)),
      ];
      await before.close();
      const after = await openGallery(store, blobs);
      expect(await after.exportFaces({ pageSize: 10, pageToken: "" })).toEqual(whole);
      expect((await after.list(page(10))).identities).toEqual(identities);
      const { candidates, galleryFaces } = await after.search(probe(embedding(3)), 1);
      expect(candidates).toMatchObject([{ identityId: "i1", faceId: "f3" }]);
      expect(galleryFaces).toBe(4);
    });
  });
}
