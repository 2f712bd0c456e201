import { randomUUID } from "node:crypto";
import {
  StageFailure,
  embeddingFromBytes,
  embeddingToBytes,
  type ExportedFace,
  type FailureCode,
} from "@similarfaces/contracts";
import { createLog, galleryBlobKey, type Blobs } from "@similarfaces/runtime";
import { afterEach, describe, expect, it } from "vitest";
import { createGallery } from "../src/operations/createGallery.js";
import type { Gallery, GalleryDriver, NewFace } from "../src/operations/gallery.js";

const silent = createLog({ service: "test", level: "silent" });

export const MODEL = "embed-test@1.0.0";

/**
 * What every gallery does alike. `open` opens the store of that name (letters, digits and hyphens): a new name is an
 * empty gallery, and two drivers that are open on one name are two replicas.
 */
export function testGallery(
  name: string,
  open: (store: string, model: string) => Promise<GalleryDriver>,
  options: {
    /** Frees what a store takes of the server, after the test that used it. */
    dispose?: (store: string) => Promise<void>;
  } = {},
): void {
  describe(`the gallery on ${name}`, () => {
    const opened: Gallery[] = [];
    const stores: string[] = [];
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((gallery) => gallery.close()));
      await Promise.all(stores.splice(0).map((store) => options.dispose?.(store)));
    });
    const newStore = () => {
      const store = `suite-${randomUUID()}`;
      stores.push(store);
      return store;
    };
    const openGallery = async (store = newStore(), blobs: Blobs = memoryBlobs(), model = MODEL) => {
      const gallery = createGallery(await open(store, model), blobs, model);
      opened.push(gallery);
      return gallery;
    };

    it("is empty at first", async () => {
      const gallery = await openGallery();
      expect(gallery.ready()).toBe(true);
      expect(await gallery.search(probe(embedding(1)), 5)).toEqual({ candidates: [], galleryFaces: 0 });
      expect(await gallery.statistics()).toMatchObject({
        identities: 0,
        faces: 0,
        driver: gallery.driver,
        model: MODEL,
      });
      expect(await gallery.list(page(10))).toMatchObject({ identities: [], nextPageToken: "", total: 0 });
      expect(await gallery.exportFaces({ pageSize: 10, pageToken: "" })).toMatchObject({
        faces: [],
        nextPageToken: "",
      });
    });

    describe("searching", () => {
      it("gives the exact cosine, nearest first, of what was enrolled just before", async () => {
        const gallery = await openGallery();
        const asked = embedding(1);
        for (const [i, cosine] of [0.31, 0.9, -0.4, 0.62].entries()) {
          await gallery.enrol(face({ id: `f${i}`, identity: `i${i}`, embedding: near(asked, cosine, i) }));
        }
        const { candidates, galleryFaces } = await gallery.search(probe(asked), 10);
        expect(galleryFaces).toBe(4);
        expect(candidates.map(({ identityId, faceId }) => [identityId, faceId])).toEqual([
          ["i1", "f1"],
          ["i3", "f3"],
          ["i0", "f0"],
          ["i2", "f2"],
        ]);
        for (const { faceId, similarity } of candidates) {
          const i = Number(faceId.slice(1));
          const exact = cosineOf(asked, near(asked, [0.31, 0.9, -0.4, 0.62][i]!, i));
          expect(similarity).toBeCloseTo(exact, 6);
        }
        expect((await gallery.search(probe(asked), 2)).candidates.length).toBe(2);
      });

      it("is 1 for the face itself, and never more", async () => {
        const gallery = await openGallery();
        await gallery.enrol(face({ id: "f", identity: "i", embedding: embedding(7) }));
        const { candidates } = await gallery.search(probe(embedding(7)), 1);
        expect(candidates[0]!.similarity).toBeCloseTo(1, 6);
        expect(candidates[0]!.similarity).toBeLessThanOrEqual(1);
      });

      it("gives each identity once, by its nearest face", async () => {
        const gallery = await openGallery();
        const asked = embedding(2);
        // More faces of one person than anybody asks for, all nearer than the next person's.
        for (let i = 0; i < 30; i++) {
          const similar = near(asked, 0.6 + i / 100, i);
          await gallery.enrol(face({ id: `many-${i}`, identity: "many", embedding: similar }));
        }
        await gallery.enrol(face({ id: "b", identity: "second", embedding: near(asked, 0.5, 40) }));
        await gallery.enrol(face({ id: "c", identity: "third", embedding: near(asked, 0.4, 41) }));
        const { candidates, galleryFaces } = await gallery.search(probe(asked), 3);
        expect(candidates.map(({ identityId, faceId }) => [identityId, faceId])).toEqual([
          ["many", "many-29"],
          ["second", "b"],
          ["third", "c"],
        ]);
        expect(galleryFaces).toBe(32);
        expect(
          (await gallery.search(probe(asked), 2)).candidates.map(({ identityId }) => identityId),
        ).toEqual(["many", "second"]);
      });

      it("orders what is equally near by identity", async () => {
        const gallery = await openGallery();
        const same = embedding(3);
        for (const id of ["c", "a", "d", "b"]) {
          await gallery.enrol(face({ id: `f-${id}`, identity: id, embedding: same }));
        }
        for (let i = 0; i < 3; i++) {
          const { candidates } = await gallery.search(probe(near(same, 0.8)), 4);
          expect(candidates.map(({ identityId }) => identityId)).toEqual(["a", "b", "c", "d"]);
        }
      });

      it("finds the nearest of a few hundred", async () => {
        const gallery = await openGallery();
        const asked = embedding(1);
        const cosines = [0.9, 0.8, 0.7, 0.6, 0.5];
        const vectors = Array.from({ length: 300 }, (_, i) =>
          i % 60 === 7 ? near(asked, cosines[Math.floor(i / 60)]!, i) : embedding(1000 + i),
        );
        await Promise.all(
          vectors.map((vector, i) =>
            gallery.enrol(face({ id: `f${i}`, identity: `i${i}`, embedding: vector })),
          ),
        );
        const { candidates, galleryFaces } = await gallery.search(probe(asked), 5);
        expect(galleryFaces).toBe(300);
        expect(candidates.map(({ faceId }) => faceId)).toEqual(["f7", "f67", "f127", "f187", "f247"]);
        for (const [i, { similarity }] of candidates.entries()) {
          expect(similarity).toBeCloseTo(cosineOf(asked, vectors[i * 60 + 7]!), 6);
        }
        for (const i of [0, 99, 299]) {
          const [nearest] = (await gallery.search(probe(near(vectors[i]!, 0.7, i)), 5)).candidates;
          expect(nearest?.faceId).toBe(`f${i}`);
        }
      });

      it("never compares embeddings of two models, and keeps them", async () => {
        const store = newStore();
        const gallery = await openGallery(store);
        await gallery.enrol(face({ id: "old", identity: "i", embedding: embedding(4) }));
        const next = await openGallery(store, memoryBlobs(), "embed-test@2.0.0");
        expect(await next.search({ ...probe(embedding(4)), model: "embed-test@2.0.0" }, 5)).toEqual({
          candidates: [],
          galleryFaces: 0,
        });
        await expect.poll(async () => (await next.statistics()).faces, { timeout: 10_000 }).toBe(1);
        expect((await next.get("i")).faces[0]!.model).toBe(MODEL);
        expect((await gallery.search(probe(embedding(4)), 5)).candidates.length).toBe(1);
      });

      it("refuses what cannot be a probe", async () => {
        const gallery = await openGallery();
        const good = probe(embedding(5));
        const bad = async (change: Partial<typeof good>, count: number, code: FailureCode) =>
          expect(gallery.search({ ...good, ...change }, count)).rejects.toMatchObject({ code });
        await bad({ embedding: good.embedding.slice(4) }, 5, "invalid_embedding");
        await bad({ embedding: new Uint8Array(0) }, 5, "invalid_embedding");
        await bad({ embedding: new Uint8Array(2048) }, 5, "invalid_embedding");
        await bad({ embedding: withValue(embedding(5), NaN) }, 5, "invalid_embedding");
        await bad({ embedding: withValue(embedding(5), Infinity) }, 5, "invalid_embedding");
        await bad({ model: "another@1.0.0" }, 5, "model_mismatch");
        for (const count of [0, -1, 1.5, 101, NaN]) await bad({}, count, "bad_request");
      });
    });

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
          { id: "f1", model: MODEL, createdAtMs: 1_000, sourceJobId: "job-1", source: "badge 7" },
        ]);
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

    describe("portraits", () => {
      const full = async (): Promise<never> => {
        throw new StageFailure("gallery_full");
      };
      /** Two galleries on one store, of which the second can add nobody. */
      const withFullTwin = async (blobs: Blobs) => {
        const store = newStore();
        const gallery = await openGallery(store, blobs);
        const twin = createGallery({ ...(await open(store, MODEL)), add: full }, blobs, MODEL);
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
        const driver = await open(newStore(), MODEL);
        let room = 7;
        const add: typeof driver.add = async (one) => (room-- > 0 ? driver.add(one) : full());
        const gallery = createGallery({ ...driver, add }, blobs, MODEL);
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

    describe("listing", () => {
      const names = ["carla", "Anna", "Dora 100%", "bert", "Anna", "a*b", "Élise_1"];
      const filled = async () => {
        const gallery = await openGallery();
        for (const [i, name] of names.entries()) {
          await gallery.enrol(face({ id: `f${i}`, identity: `i${i}`, name, embedding: embedding(i) }));
        }
        return gallery;
      };

      it("pages by name, whatever its case, then by id", async () => {
        const gallery = await filled();
        const expected = ["i5", "i1", "i4", "i3", "i0", "i2", "i6"];
        for (const size of [1, 3, 7, 200]) {
          const ids: string[] = [];
          let token = "";
          do {
            const { identities, nextPageToken, total } = await gallery.list({
              nameContains: "",
              pageSize: size,
              pageToken: token,
            });
            expect(total).toBe(names.length);
            expect(identities.length).toBeLessThanOrEqual(size);
            ids.push(...identities.map(({ id }) => id));
            token = nextPageToken;
          } while (token !== "");
          expect(ids).toEqual(expected);
        }
        const [first] = (await gallery.list(page(1))).identities;
        expect(first).toMatchObject({ name: "a*b", faces: [{ id: "f5", model: MODEL }] });
      });

      it("finds parts of names, whatever their case, and nothing is a wildcard", async () => {
        const gallery = await filled();
        const found = async (nameContains: string) =>
          (await gallery.list(page(10, nameContains))).identities.map(({ id }) => id);
        expect(await found("ANN")).toEqual(["i1", "i4"]);
        expect(await found("r")).toEqual(["i3", "i0", "i2"]);
        expect(await found("élise")).toEqual(["i6"]);
        expect(await found("e\u0301LISE")).toEqual(["i6"]);
        expect(await found("*")).toEqual(["i5"]);
        expect(await found("a*b")).toEqual(["i5"]);
        expect(await found("?")).toEqual([]);
        expect(await found("\\")).toEqual([]);
        expect(await found("%")).toEqual(["i2"]);
        expect(await found("_")).toEqual(["i6"]);
        expect(await found("nobody")).toEqual([]);
        expect((await gallery.list(page(1, "ann"))).total).toBe(2);
      });

      it("refuses bad sizes and tokens that it never gave", async () => {
        const gallery = await filled();
        for (const pageSize of [0, 201, 1.5, NaN]) {
          await expect(gallery.list(page(pageSize))).rejects.toMatchObject({ code: "bad_request" });
        }
        await expect(gallery.list(page(10, "a".repeat(10_000)))).rejects.toMatchObject({
          code: "bad_request",
        });
        for (const pageToken of ["nonsense", "e30", "%00", "W10", "x".repeat(3_000)]) {
          await expect(
            gallery.list({ nameContains: "", pageSize: 2, pageToken }),
            pageToken.slice(0, 10),
          ).rejects.toMatchObject({ code: "bad_request" });
        }
      });
    });

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
        await bad((one) => delete one.face, "model_mismatch");
        expect(await gallery.statistics()).toMatchObject({ identities: 0, faces: 0 });
      });
    });

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
        const before = createGallery(await open(store, MODEL), blobs, MODEL);
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
  });
}

/** The start of a JPEG: nobody decodes a portrait here. */
const PORTRAIT = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3, 4]);

export function face(options: {
  id: string;
  identity: string;
  name?: string;
  embedding?: Float32Array;
  source?: string;
  createdAtMs?: number;
}): NewFace {
  return {
    faceId: options.id,
    identityId: options.identity,
    name: options.name ?? `Name of ${options.identity}`,
    consent: "signed 2026-01-01",
    embedding: embeddingToBytes(options.embedding ?? embedding(1)),
    model: MODEL,
    createdAtMs: options.createdAtMs ?? 1_000,
    sourceJobId: "job-1",
    source: options.source ?? "",
    portrait: PORTRAIT,
  };
}

export function probe(of: Float32Array) {
  return { embedding: embeddingToBytes(of), model: MODEL };
}

function page(pageSize: number, nameContains = "") {
  return { nameContains, pageSize, pageToken: "" };
}

/** A unit vector of 512; the same seed gives the same, two seeds give nearly orthogonal ones. */
export function embedding(seed: number): Float32Array {
  const random = mulberry32(seed + 1);
  return unit(Float32Array.from({ length: 512 }, () => random() + random() + random() - 1.5));
}

/** A unit vector at this cosine from another; the seed says on which side. */
export function near(of: Float32Array, cosine: number, seed = 0): Float32Array {
  const other = embedding(1_000_000 + seed);
  const along = cosineOf(of, other);
  const across = unit(other.map((value, i) => value - along * of[i]!));
  const sine = Math.sqrt(1 - cosine * cosine);
  return unit(of.map((value, i) => cosine * value + sine * across[i]!));
}

export function cosineOf(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return dot / Math.sqrt(aa * bb);
}

function unit(vector: Float32Array): Float32Array {
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => value / norm);
}

/** Uniform in 0..1. */
function mulberry32(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function withValue(vector: Float32Array, value: number): Uint8Array {
  return embeddingToBytes(vector.with(100, value));
}

/** A blob store in memory that can be down, and where everything was stored at one time. */
export function memoryBlobs(): Blobs & { stored: Map<string, Uint8Array>; down: boolean; atMs: number } {
  const stored = new Map<string, Uint8Array>();
  const up = () => {
    if (blobs.down) throw new StageFailure("storage_unavailable");
  };
  const blobs = {
    driver: "nats" as const,
    stored,
    down: false,
    atMs: 1_000,
    async put(key: string, bytes: Uint8Array) {
      up();
      stored.set(key, bytes.slice());
    },
    async get(key: string) {
      up();
      const bytes = stored.get(key);
      return bytes && { bytes, contentType: "image/jpeg" };
    },
    async delete(key: string) {
      up();
      return stored.delete(key);
    },
    async list(prefix: string) {
      up();
      return [...stored.keys()].filter((key) => key.startsWith(prefix));
    },
    async storedAtMs(key: string) {
      up();
      return stored.has(key) ? blobs.atMs : undefined;
    },
    fault: () => undefined,
    close: async () => {},
  };
  return blobs;
}
