import { StageFailure } from "@similarfaces/contracts";
import { createLog, galleryBlobKey, type Blobs } from "@similarfaces/runtime";
import { describe, expect, it } from "vitest";
import { createGallery } from "../../src/operations/createGallery.js";
import type { Identities } from "../../src/operations/identities.js";
import { MODEL, PORTRAIT, embedding, face, memoryBlobs } from "../fixtures.js";
import type { Stores } from "./stores.js";

const silent = createLog({ service: "test", level: "silent" });

export function testPortraits({ openGallery, newStore, open, opened }: Stores): void {
  describe("portraits", () => {
    const full = async (): Promise<never> => {
      throw new StageFailure("gallery_full");
    };
    /** Two galleries on one store, of which the second can add nobody. */
    const withFullTwin = async (blobs: Blobs) => {
      const store = newStore();
      const gallery = await openGallery(store, blobs);
      const twin = createGallery({ ...(await open(store, [MODEL])), add: full }, blobs, [MODEL]);
      opened.push(twin);
      return { gallery, twin };
    };

    it("go when adding their face has failed, whatever may be tried again", async () => {
      const blobs = memoryBlobs();
      const { twin } = await withFullTwin(blobs);
      await expect(twin.enrol(face({ id: "f", identity: "i" }))).rejects.toMatchObject({ retryable: true });
      expect([...blobs.stored.keys()]).toEqual([]);
    });

    it("of faces that are in stay, where adding the same once more has failed", async () => {
      const blobs = memoryBlobs();
      const { gallery, twin } = await withFullTwin(blobs);
      await gallery.enrol(face({ id: "f", identity: "i" }));
      const other = {
        ...face({ id: "f", identity: "i" }),
        portrait: Uint8Array.from([0xff, 0xd8, 0xff, 9]),
      };
      await expect(twin.enrol(other)).rejects.toMatchObject({ code: "gallery_full" });
      expect(await gallery.enrol(other)).toMatchObject({ added: false });
      expect([...blobs.stored]).toEqual([[galleryBlobKey("f"), PORTRAIT]]);
      // One that was lost is stored anew.
      blobs.stored.clear();
      await gallery.enrol(other);
      expect([...blobs.stored]).toEqual([[galleryBlobKey("f"), other.portrait]]);
    });

    it("of an import that fails in the middle are those of the faces that are in", async () => {
      const source = await openGallery();
      for (let i = 0; i < 20; i++)
        await source.enrol(face({ id: `f${i}`, identity: `i${i}`, embedding: embedding(i) }));
      const { faces } = await source.exportFaces({ pageSize: 500, pageToken: "" });
      const blobs = memoryBlobs();
      const identities = await open(newStore(), [MODEL]);
      let room = 7;
      const add: Identities["add"] = async (one) => (room-- > 0 ? identities.add(one) : full());
      const gallery = createGallery({ ...identities, add }, blobs, [MODEL]);
      opened.push(gallery);
      await expect(gallery.importFaces(faces)).rejects.toMatchObject({ code: "gallery_full" });
      const kept = async () => {
        const page = await gallery.exportFaces({ pageSize: 500, pageToken: "" });
        return page.faces.map(({ face: one }) => galleryBlobKey(one!.id)).sort();
      };
      // What the refused import had begun ends beside its answer.
      await expect.poll(async () => (await kept()).length).toBe(7);
      const keys = await kept();
      await expect.poll(() => [...blobs.stored.keys()].sort()).toEqual(keys);
    });

    it("may be shown while an identity has the face, and no longer", async () => {
      const gallery = await openGallery();
      for (const [id, identity] of [
        ["f", "i"],
        ["g", "j"],
        ["h", "k"],
      ] as const)
        await gallery.enrol(face({ id, identity, embedding: embedding(id.charCodeAt(0)) }));
      const shown = async () => {
        const ids = ["f", "g", "h"];
        const present = await Promise.all(ids.map((id) => gallery.hasFace(id)));
        return ids.filter((_, i) => present[i]);
      };
      expect(await shown()).toEqual(["f", "g", "h"]);
      expect(await gallery.hasFace("nobody")).toBe(false);
      await expect(gallery.hasFace("../f")).rejects.toMatchObject({ code: "face_not_found" });
      await gallery.merge("i", "j");
      expect(await shown()).toEqual(["f", "g", "h"]);
      await gallery.deleteFace("g");
      expect(await shown()).toEqual(["f", "h"]);
      await gallery.deleteIdentity("k");
      expect(await shown()).toEqual(["f"]);
    });

    it("without a face are swept once they are old, and no others", async () => {
      const blobs = memoryBlobs();
      const gallery = await openGallery(newStore(), blobs);
      await gallery.enrol(face({ id: "f", identity: "i" }));
      await blobs.put(galleryBlobKey("left"), PORTRAIT, "image/jpeg");
      await blobs.put("gallery/no portrait", PORTRAIT, "image/jpeg");
      // An enrolment that is under way has stored its portrait, and not yet its face.
      expect(await gallery.sweepPortraits(blobs.atMs, silent)).toBe(0);
      expect(blobs.stored.size).toBe(3);
      expect(await gallery.sweepPortraits(blobs.atMs + 1, silent)).toBe(1);
      expect([...blobs.stored.keys()]).toEqual([galleryBlobKey("f"), "gallery/no portrait"]);
    });

    it("stay where nearly all have no face: then it is the faces that are lost", async () => {
      const blobs = memoryBlobs();
      const gallery = await openGallery(newStore(), blobs);
      await gallery.enrol(face({ id: "f", identity: "i" }));
      for (let i = 0; i < 1_001; i++) await blobs.put(galleryBlobKey(`left${i}`), PORTRAIT, "image/jpeg");
      expect(await gallery.sweepPortraits(blobs.atMs + 1, silent)).toBe(0);
      expect(blobs.stored.size).toBe(1_002);
    });
  });
}
