import { describe, expect, it } from "vitest";
import { embedding, face, memoryBlobs, page } from "../fixtures.js";
import type { Stores } from "./stores.js";

export function testNaming({ openGallery, newStore }: Stores): void {
  describe("naming", () => {
    const ada = (id: string, identity: string, as: "known" | "new" | "any", name = "Ada Lovelace") =>
      face({ id, identity, name, as, embedding: embedding(Number(id.slice(1))) });

    it("makes nobody new of a name that somebody has, however it is written", async () => {
      const gallery = await openGallery();
      await gallery.enrol(ada("f1", "i", "new"));
      await expect(gallery.enrol(ada("f2", "j", "new", "ada LOVELACE"))).rejects.toMatchObject({
        code: "identity_exists",
        message: expect.stringContaining("as i:"),
      });
      expect(await gallery.named(" ADA lovelace")).toMatchObject([{ id: "i", name: "Ada Lovelace" }]);
      expect(await gallery.named("Ada")).toEqual([]);
      expect(await gallery.statistics()).toMatchObject({ identities: 1, faces: 1 });
    });

    it("makes a namesake where that is said, and adds further faces of somebody new to them", async () => {
      const gallery = await openGallery();
      await gallery.enrol(ada("f1", "i", "new"));
      await gallery.enrol(ada("f2", "i", "new"));
      await gallery.enrol(ada("f3", "j", "any"));
      expect((await gallery.list(page(10))).identities.map(({ id, faces }) => [id, faces.length])).toEqual([
        ["i", 2],
        ["j", 1],
      ]);
      expect((await gallery.named("Ada Lovelace")).map(({ id }) => id).sort()).toEqual(["i", "j"]);
    });

    it("has one of a name, though replicas make it in the same instant", async () => {
      const [store, blobs] = [newStore(), memoryBlobs()];
      const replicas = await Promise.all([openGallery(store, blobs), openGallery(store, blobs)]);
      const made = await Promise.allSettled(
        Array.from({ length: 8 }, (_, i) => replicas[i % 2]!.enrol(ada(`f${i}`, `i${i}`, "new"))),
      );
      expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      const refused = made.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
      expect(refused.map(({ code }) => code as string)).toEqual(Array(7).fill("identity_exists"));
      for (const replica of replicas) expect(await replica.named("Ada Lovelace")).toHaveLength(1);
    });

    it("gives the name to somebody else once it is free", async () => {
      const gallery = await openGallery();
      await gallery.enrol(ada("f1", "i", "new"));
      await gallery.rename("i", "Ida");
      await gallery.enrol(ada("f2", "j", "new"));
      await gallery.deleteIdentity("j");
      await gallery.enrol(ada("f3", "k", "new"));
      expect((await gallery.list(page(10))).identities.map(({ id }) => id)).toEqual(["k", "i"]);
    });

    it("does not make an identity again whose faces are added to it", async () => {
      const blobs = memoryBlobs();
      const gallery = await openGallery(newStore(), blobs);
      await gallery.enrol(ada("f1", "i", "new"));
      await gallery.deleteIdentity("i");
      await expect(gallery.enrol(ada("f2", "i", "known"))).rejects.toMatchObject({
        code: "identity_not_found",
      });
      expect(await gallery.statistics()).toMatchObject({ identities: 0, faces: 0 });
      expect(blobs.stored.size).toBe(0);
    });
  });
}
