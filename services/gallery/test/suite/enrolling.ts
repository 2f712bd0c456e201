import { EyesSchema, create, embeddingToBytes, type FailureCode } from "@similarfaces/contracts";
import { galleryBlobKey } from "@similarfaces/runtime";
import { describe, expect, it } from "vitest";
import type { NewFace } from "../../src/operations/gallery.js";
import {
  EYES,
  MODEL,
  PORTRAIT,
  embedding,
  eyesAt,
  face,
  memoryBlobs,
  near,
  page,
  probe,
  withValue,
} from "../fixtures.js";
import type { Stores } from "./stores.js";

export function testEnrolling({ openGallery, newStore }: Stores): void {
  describe("enrolling", () => {
    it("keeps everything that was said about a face", async () => {
      const gallery = await openGallery();
      const enrolled = await gallery.enrol(
        face({ id: "f1", identity: "i1", name: "  Zoe\u0308 O'Neil ", source: "badge 7" }),
      );
      const stored = "Zo\u00eb O'Neil";
      expect(enrolled).toEqual({ identityId: "i1", faceId: "f1", name: stored, added: true });
      const identity = await gallery.get("i1");
      expect(identity).toMatchObject({
        id: "i1",
        name: stored,
        consent: "signed 2026-01-01",
        createdAtMs: 1_000,
      });
      expect(identity.faces).toMatchObject([
        { id: "f1", model: MODEL, createdAtMs: 1_000, sourceJobId: "job-1", source: "badge 7", eyes: EYES },
      ]);
    });

    it.each([
      ["beyond the portrait's edge, of a face that its photo cuts", eyesAt(-4.25, 140, 96, 141)],
      ["one before the other, of a face in profile", eyesAt(124, 140, 123.5, 141)],
    ])("keeps eyes %s", async (_, eyes) => {
      const gallery = await openGallery();
      await gallery.enrol(face({ id: "f", identity: "i", eyes }));
      expect((await gallery.get("i")).faces[0]!.eyes).toEqual(eyes);
    });

    it("keeps no eyes of a face without a portrait", async () => {
      const gallery = await openGallery();
      await gallery.enrol({ ...face({ id: "f", identity: "i" }), portrait: new Uint8Array() });
      expect((await gallery.get("i")).faces[0]!.eyes).toBeUndefined();
    });

    it("adds further faces to an identity, which keeps its name", async () => {
      const gallery = await openGallery();
      await gallery.enrol(face({ id: "f1", identity: "i", name: "Ada", createdAtMs: 1 }));
      const second = await gallery.enrol(
        face({ id: "f2", identity: "i", name: "Bea", createdAtMs: 2, embedding: embedding(2) }),
      );
      expect(second).toMatchObject({ name: "Ada", added: true });
      const identity = await gallery.get("i");
      expect(identity).toMatchObject({ name: "Ada", createdAtMs: 1 });
      expect(identity.faces.map(({ id }) => id)).toEqual(["f1", "f2"]);
    });

    it("knows a photo by its digest, and sets that of an older face once the very same is enrolled again", async () => {
      const gallery = await openGallery();
      const digestsOf = async (id: string) => (await gallery.get(id)).faces.map((one) => one.photoDigest);
      const [first, second] = ["A".repeat(43), "B".repeat(43)];
      const source = "Ada/1.jpg";
      await gallery.enrol(face({ id: "old", identity: "i", source }));
      expect(await digestsOf("i")).toEqual([""]);
      // As near as batches of two sizes make it.
      const again = near(embedding(1), 0.9999);
      const learnt = face({ id: "f2", identity: "i", source, photoDigest: first, embedding: again });
      expect(await gallery.enrol(learnt)).toMatchObject({ faceId: "old", added: false });
      expect(await digestsOf("i")).toEqual([first]);
      // Another photo at the path of one that is known.
      const other = face({
        id: "f3",
        identity: "i",
        source,
        photoDigest: second,
        embedding: near(embedding(1), 0.8),
      });
      expect(await gallery.enrol(other)).toMatchObject({ faceId: "f3", added: true });
      expect((await digestsOf("i")).sort()).toEqual([first, second]);
      const renamed = face({
        id: "f4",
        identity: "i",
        source: "b.jpg",
        photoDigest: second,
        embedding: near(near(embedding(1), 0.8), 0.9999),
      });
      expect(await gallery.enrol(renamed)).toMatchObject({ faceId: "f3", added: false });
      expect((await digestsOf("i")).sort()).toEqual([first, second]);
      const stranger = face({ id: "f5", identity: "j", source, embedding: embedding(5) });
      await gallery.enrol(stranger);
      const changed = face({
        id: "f6",
        identity: "j",
        source,
        photoDigest: first,
        embedding: near(embedding(5), 0.9),
      });
      expect(await gallery.enrol(changed)).toMatchObject({ faceId: "f6", added: true });
      expect((await digestsOf("j")).sort()).toEqual(["", first]);
      const { faces } = await gallery.exportFaces({ pageSize: 10, pageToken: "" });
      expect(faces.map((one) => one.face!.photoDigest).sort()).toEqual(["", first, first, second]);
      await expect(
        gallery.enrol(face({ id: "f7", identity: "j", photoDigest: "no digest" })),
      ).rejects.toMatchObject({ code: "bad_request" });
    });

    it("changes nothing where the face is there", async () => {
      const blobs = memoryBlobs();
      const gallery = await openGallery(newStore(), blobs);
      await gallery.enrol(face({ id: "f", identity: "i", name: "Ada", embedding: embedding(1) }));
      const again = { identityId: "i", faceId: "f", name: "Ada", added: false };
      expect(await gallery.enrol(face({ id: "f", identity: "i", embedding: embedding(1) }))).toEqual(again);
      // The same id, whatever else is said.
      expect(await gallery.enrol(face({ id: "f", identity: "i", embedding: embedding(2) }))).toEqual(again);
      expect(await gallery.enrol(face({ id: "f", identity: "j", embedding: embedding(3) }))).toEqual(again);
      // The same photo once more.
      expect(await gallery.enrol(face({ id: "g", identity: "i", embedding: embedding(1) }))).toEqual(again);
      expect(await gallery.statistics()).toMatchObject({ identities: 1, faces: 1 });
      expect([...blobs.stored.keys()]).toEqual([galleryBlobKey("f")]);
      // The same picture may stand for another person too.
      expect(await gallery.enrol(face({ id: "h", identity: "j", embedding: embedding(1) }))).toMatchObject({
        faceId: "h",
        added: true,
      });
    });

    it("finds a face by its id after a merge and a rename", async () => {
      const gallery = await openGallery();
      const moved = face({ id: "f", identity: "from" });
      await gallery.enrol(moved);
      await gallery.enrol(face({ id: "g", identity: "into", embedding: embedding(9) }));
      await gallery.merge("from", "into");
      await gallery.rename("into", "Ida");
      expect(await gallery.enrol(moved)).toEqual({
        identityId: "into",
        faceId: "f",
        name: "Ida",
        added: false,
      });
      expect(await gallery.statistics()).toMatchObject({ identities: 1, faces: 2 });
    });

    it("refuses bad input and stores nothing of it", async () => {
      const blobs = memoryBlobs();
      const gallery = await openGallery(newStore(), blobs);
      const bad = async (change: Partial<NewFace>, code: FailureCode) =>
        expect(gallery.enrol({ ...face({ id: "f", identity: "i" }), ...change })).rejects.toMatchObject({
          code,
          retryable: false,
        });
      await bad({ embedding: embeddingToBytes(embedding(1)).slice(1) }, "invalid_embedding");
      await bad({ embedding: withValue(embedding(1), NaN) }, "invalid_embedding");
      await bad({ embedding: withValue(embedding(1), 2) }, "invalid_embedding");
      await bad({ model: "another@1.0.0" }, "model_mismatch");
      await bad({ model: "" }, "model_mismatch");
      for (const invalid of [
        "",
        "   ",
        "a".repeat(10_000),
        "a".repeat(201),
        "a\nb",
        "a\u0000b",
        "a\u202eb",
      ]) {
        await bad({ name: invalid }, "invalid_name");
      }
      await bad({ consent: " " }, "consent_required");
      await bad({ consent: "x".repeat(2_001) }, "bad_request");
      await bad({ source: "a\u0000b" }, "bad_request");
      await bad({ identityId: "../etc" }, "identity_not_found");
      await bad({ faceId: "" }, "face_not_found");
      await bad({ portrait: new TextEncoder().encode("<svg/>") }, "bad_request");
      await bad({ portrait: Uint8Array.from([...PORTRAIT, ...new Uint8Array(256 * 1024)]) }, "bad_request");
      for (const eyes of [
        eyesAt(-641, 140, 196, 141),
        eyesAt(124, 140, 1_281, 141),
        eyesAt(124, NaN, 196, 141),
        create(EyesSchema, { left: { x: 124, y: 140 } }),
      ])
        await bad({ eyes }, "bad_request");
      expect(await gallery.statistics()).toMatchObject({ identities: 0, faces: 0 });
      expect(blobs.stored.size).toBe(0);
    });

    it("takes the longest name, of characters outside the basic plane too", async () => {
      const gallery = await openGallery();
      const long = "\u{1f600}".repeat(200);
      await gallery.enrol(face({ id: "f", identity: "i", name: long }));
      expect((await gallery.get("i")).name).toBe(long);
      expect((await gallery.list(page(10, "\u{1f600}\u{1f600}"))).total).toBe(1);
    });

    it("adds all that come at once, each once", async () => {
      const gallery = await openGallery();
      const faces = Array.from({ length: 24 }, (_, i) =>
        face({ id: `f${i}`, identity: i < 12 ? "shared" : `own-${i}`, embedding: embedding(100 + i) }),
      );
      const same = Array.from({ length: 6 }, (_, i) =>
        face({ id: `same-${i}`, identity: "same", embedding: embedding(99) }),
      );
      const enrolled = await Promise.all([...faces, ...same].map((one) => gallery.enrol(one)));
      expect(enrolled.slice(0, 24).every(({ added }) => added)).toBe(true);
      expect(enrolled.slice(24).filter(({ added }) => added).length).toBe(1);
      expect(new Set(enrolled.slice(24).map(({ faceId }) => faceId)).size).toBe(1);
      expect((await gallery.get("shared")).faces.length).toBe(12);
      expect(await gallery.statistics()).toMatchObject({ identities: 14, faces: 25 });
      expect((await gallery.search(probe(embedding(100)), 100)).galleryFaces).toBe(25);
    });

    it("loses no face that comes while its identity is renamed", async () => {
      const gallery = await openGallery();
      await gallery.enrol(face({ id: "f", identity: "i", embedding: embedding(50) }));
      await Promise.all([
        ...Array.from({ length: 6 }, (_, i) =>
          gallery.enrol(face({ id: `f${i}`, identity: "i", embedding: embedding(51 + i) })),
        ),
        gallery.rename("i", "Renamed"),
      ]);
      const identity = await gallery.get("i");
      expect(identity.name).toBe("Renamed");
      expect(identity.faces.length).toBe(7);
    });

    it("adds no face whose portrait cannot be stored", async () => {
      const blobs = memoryBlobs();
      const gallery = await openGallery(newStore(), blobs);
      blobs.down = true;
      const one = face({ id: "f", identity: "i" });
      await expect(gallery.enrol(one)).rejects.toMatchObject({ code: "storage_unavailable" });
      expect((await gallery.statistics()).faces).toBe(0);
      blobs.down = false;
      expect((await gallery.enrol(one)).added).toBe(true);
    });
  });
}
