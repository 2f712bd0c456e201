import { galleryBlobKey } from "@similarfaces/runtime";
import { describe, expect, it } from "vitest";
import { embedding, face, memoryBlobs, page, probe } from "../fixtures.js";
import type { Stores } from "./stores.js";

export function testChanging({ openGallery, newStore }: Stores): void {
  describe("changing", () => {
    it("renames, and says so everywhere", async () => {
      const gallery = await openGallery();
      await gallery.enrol(face({ id: "f", identity: "i", name: "Before", embedding: embedding(1) }));
      expect(await gallery.rename("i", " After ")).toMatchObject({
        id: "i",
        name: "After",
        faces: [{ id: "f" }],
      });
      expect((await gallery.get("i")).name).toBe("After");
      expect((await gallery.list(page(10, "before"))).total).toBe(0);
      expect((await gallery.list(page(10, "after"))).total).toBe(1);
      expect((await gallery.search(probe(embedding(1)), 1)).candidates[0]!.name).toBe("After");
      await expect(gallery.rename("i", "a".repeat(10_000))).rejects.toMatchObject({ code: "invalid_name" });
      await expect(gallery.rename("i", "a\u0007")).rejects.toMatchObject({ code: "invalid_name" });
      await expect(gallery.rename("nobody", "Name")).rejects.toMatchObject({ code: "identity_not_found" });
      expect((await gallery.get("i")).name).toBe("After");
    });

    it("merges one identity into another", async () => {
      const blobs = memoryBlobs();
      const gallery = await openGallery(newStore(), blobs);
      await gallery.enrol(face({ id: "f1", identity: "from", name: "From", embedding: embedding(1) }));
      await gallery.enrol(face({ id: "f2", identity: "from", embedding: embedding(2) }));
      await gallery.enrol(face({ id: "f3", identity: "into", name: "Into", embedding: embedding(3) }));
      const merged = await gallery.merge("from", "into");
      expect(merged).toMatchObject({ id: "into", name: "Into" });
      expect(merged.faces.map(({ id }) => id).sort()).toEqual(["f1", "f2", "f3"]);
      await expect(gallery.get("from")).rejects.toMatchObject({ code: "identity_not_found" });
      const { candidates, galleryFaces } = await gallery.search(probe(embedding(1)), 5);
      expect(candidates).toMatchObject([{ identityId: "into", name: "Into", faceId: "f1" }]);
      expect(galleryFaces).toBe(3);
      expect(await gallery.statistics()).toMatchObject({ identities: 1, faces: 3 });
      expect((await gallery.list(page(10))).identities.map(({ id }) => id)).toEqual(["into"]);
      expect(blobs.stored.size).toBe(3);
      expect(await gallery.deleteFace("f1")).toMatchObject({ faces: 1, thumbnails: 1 });
    });

    it("refuses to merge what is not there, or into itself", async () => {
      const gallery = await openGallery();
      await gallery.enrol(face({ id: "f", identity: "i" }));
      await expect(gallery.merge("i", "i")).rejects.toMatchObject({ code: "bad_request" });
      await expect(gallery.merge("nobody", "i")).rejects.toMatchObject({ code: "identity_not_found" });
      await expect(gallery.merge("i", "nobody")).rejects.toMatchObject({ code: "identity_not_found" });
      expect((await gallery.get("i")).faces.length).toBe(1);
    });

    it("deletes a face, its portrait and nothing else; its identity stays", async () => {
      const blobs = memoryBlobs();
      const gallery = await openGallery(newStore(), blobs);
      const [one, two] = [
        face({ id: "f1", identity: "i", embedding: embedding(1) }),
        face({ id: "f2", identity: "i", embedding: embedding(2) }),
      ];
      await gallery.enrol(one);
      await gallery.enrol(two);
      expect(await gallery.deleteFace("f1")).toMatchObject({ identities: 0, faces: 1, thumbnails: 1 });
      expect([...blobs.stored.keys()]).toEqual([galleryBlobKey("f2")]);
      expect((await gallery.get("i")).faces.map(({ id }) => id)).toEqual(["f2"]);
      const { candidates, galleryFaces } = await gallery.search(probe(embedding(1)), 5);
      expect(candidates.map(({ faceId }) => faceId)).toEqual(["f2"]);
      expect(galleryFaces).toBe(1);
      await expect(gallery.deleteFace("f1")).rejects.toMatchObject({ code: "face_not_found" });

      await gallery.deleteFace("f2");
      expect((await gallery.get("i")).faces).toEqual([]);
      expect((await gallery.search(probe(embedding(1)), 5)).candidates).toEqual([]);
      expect(await gallery.statistics()).toMatchObject({ identities: 1, faces: 0 });
      expect(await gallery.enrol(one)).toMatchObject({ faceId: "f1", added: true });
    });

    it("deletes an identity with all that belongs to it", async () => {
      const blobs = memoryBlobs();
      const gallery = await openGallery(newStore(), blobs);
      for (let i = 0; i < 3; i++) {
        await gallery.enrol(face({ id: `f${i}`, identity: "i", embedding: embedding(i) }));
      }
      await gallery.enrol(face({ id: "other", identity: "j", embedding: embedding(9) }));
      expect(await gallery.deleteIdentity("i")).toMatchObject({ identities: 1, faces: 3, thumbnails: 3 });
      expect([...blobs.stored.keys()]).toEqual([galleryBlobKey("other")]);
      await expect(gallery.get("i")).rejects.toMatchObject({ code: "identity_not_found" });
      const { candidates } = await gallery.search(probe(embedding(1)), 5);
      expect(candidates.map(({ identityId }) => identityId)).toEqual(["j"]);
      expect(await gallery.statistics()).toMatchObject({ identities: 1, faces: 1 });
      expect((await gallery.enrol(face({ id: "f0", identity: "i", embedding: embedding(0) }))).added).toBe(
        true,
      );
    });

    it("refuses to delete what is not there", async () => {
      const gallery = await openGallery();
      await gallery.enrol(face({ id: "f", identity: "i" }));
      for (const id of ["nobody", "", "../f", "a".repeat(65)]) {
        await expect(gallery.deleteFace(id)).rejects.toMatchObject({ code: "face_not_found" });
        await expect(gallery.deleteIdentity(id)).rejects.toMatchObject({ code: "identity_not_found" });
        await expect(gallery.get(id)).rejects.toMatchObject({ code: "identity_not_found" });
      }
      expect(await gallery.statistics()).toMatchObject({ identities: 1, faces: 1 });
    });

    it("keeps a face whose portrait could not be deleted, until it can", async () => {
      const blobs = memoryBlobs();
      const gallery = await openGallery(newStore(), blobs);
      await gallery.enrol(face({ id: "f", identity: "i" }));
      blobs.down = true;
      await expect(gallery.deleteFace("f")).rejects.toMatchObject({ code: "storage_unavailable" });
      await expect(gallery.deleteIdentity("i")).rejects.toMatchObject({ code: "storage_unavailable" });
      expect((await gallery.get("i")).faces.length).toBe(1);
      blobs.down = false;
      expect(await gallery.deleteIdentity("i")).toMatchObject({ identities: 1, faces: 1, thumbnails: 1 });
    });
  });
}
