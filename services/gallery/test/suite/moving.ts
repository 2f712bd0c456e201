import { embeddingFromBytes, type ExportedFace, type FailureCode } from "@similarfaces/contracts";
import { describe, expect, it } from "vitest";
import type { Gallery } from "../../src/operations/gallery.js";
import { PORTRAIT, embedding, eyesAt, face, memoryBlobs, probe, withValue } from "../fixtures.js";
import type { Stores } from "./stores.js";

export function testMoving({ openGallery, newStore }: Stores): void {
  describe("moving", () => {
    const filled = async () => {
      const gallery = await openGallery();
      for (let i = 0; i < 7; i++) {
        const identity = `i${i % 3}`;
        await gallery.enrol(
          face({
            id: `f${i}`,
            identity,
            name: `Name ${identity}`,
            embedding: embedding(i),
            createdAtMs: i,
            eyes: eyesAt(100 + i, 140, 200.25 + i, 141),
          }),
        );
      }
      return gallery;
    };
    const exported = async (gallery: Gallery, pageSize: number) => {
      const faces: ExportedFace[] = [];
      let pageToken = "";
      do {
        const got = await gallery.exportFaces({ pageSize, pageToken });
        expect(got.faces.length).toBeLessThanOrEqual(pageSize);
        faces.push(...got.faces);
        pageToken = got.nextPageToken;
      } while (pageToken !== "");
      return faces;
    };

    it("exports every face once, in the same order however it is paged", async () => {
      const gallery = await filled();
      const whole = await exported(gallery, 500);
      expect(whole.map(({ face: one }) => one!.id).sort()).toEqual(
        Array.from({ length: 7 }, (_, i) => `f${i}`),
      );
      expect(await exported(gallery, 2)).toEqual(whole);
      const [first] = whole;
      const i = Number(first!.face!.id.slice(1));
      expect(first).toMatchObject({ identityId: `i${i % 3}`, name: `Name i${i % 3}` });
      expect(embeddingFromBytes(first!.embedding)).toEqual(embedding(i));
      expect(first!.thumbnail).toEqual(PORTRAIT);
      expect(first!.face!.eyes).toEqual(eyesAt(100 + i, 140, 200.25 + i, 141));
      for (const pageSize of [0, 501]) {
        await expect(gallery.exportFaces({ pageSize, pageToken: "" })).rejects.toMatchObject({
          code: "bad_request",
        });
      }
    });

    it("imports what another gallery exported, and again nothing", async () => {
      const gallery = await filled();
      const faces = await exported(gallery, 3);
      const blobs = memoryBlobs();
      const copy = await openGallery(newStore(), blobs);
      expect(await copy.importFaces(faces)).toMatchObject({ identities: 3, faces: 7, thumbnails: 7 });
      expect(await exported(copy, 500)).toEqual(await exported(gallery, 500));
      const [i1, copied] = [await gallery.get("i1"), await copy.get("i1")];
      expect(copied.faces).toEqual(i1.faces);
      expect(copied).toMatchObject({ name: i1.name, consent: i1.consent });
      expect(await copy.importFaces(faces)).toMatchObject({ identities: 0, faces: 0, thumbnails: 0 });
      expect((await copy.search(probe(embedding(4)), 1)).candidates[0]).toMatchObject({ faceId: "f4" });
      expect(blobs.stored.size).toBe(7);
    });

    it("imports what a gallery of compact 1.0 exported: chips without eyes", async () => {
      const faces = await exported(await filled(), 500);
      for (const one of faces) delete one.face!.eyes;
      const gallery = await openGallery();
      expect(await gallery.importFaces(faces)).toMatchObject({ faces: 7, thumbnails: 7 });
      expect(await exported(gallery, 500)).toEqual(faces);
    });

    it("imports all or nothing where one is not valid", async () => {
      const faces = await exported(await filled(), 500);
      const gallery = await openGallery();
      const bad = async (change: (face: ExportedFace) => void, code: FailureCode) => {
        const changed = structuredClone(faces);
        change(changed.at(-1)!);
        await expect(gallery.importFaces(changed)).rejects.toMatchObject({ code });
      };
      await bad((one) => (one.embedding = one.embedding.slice(4)), "invalid_embedding");
      await bad((one) => (one.embedding = withValue(embedding(1), NaN)), "invalid_embedding");
      await bad((one) => (one.face!.model = "another@1.0.0"), "model_mismatch");
      await bad((one) => (one.name = "a".repeat(10_000)), "invalid_name");
      await bad((one) => (one.name = "a\tb"), "invalid_name");
      await bad((one) => (one.consent = ""), "consent_required");
      await bad((one) => (one.thumbnail = new Uint8Array(3)), "bad_request");
      await bad((one) => (one.face!.eyes = eyesAt(200, 140, 9_999, 141)), "bad_request");
      await bad((one) => delete one.face, "model_mismatch");
      expect(await gallery.statistics()).toMatchObject({ identities: 0, faces: 0 });
    });
  });
}
