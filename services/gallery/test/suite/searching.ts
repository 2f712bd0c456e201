import type { FailureCode } from "@similarfaces/contracts";
import { describe, expect, it } from "vitest";
import { MODEL, cosineOf, embedding, face, memoryBlobs, near, probe, withValue } from "../fixtures.js";
import type { Stores } from "./stores.js";

const NEXT = "embed-test@2.0.0";
const [INT8, FLOAT32] = [`${NEXT}+int8`, `${NEXT}+float32`];

export function testSearching({ openGallery, newStore }: Stores): void {
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
      expect((await gallery.search(probe(asked), 2)).candidates.map(({ identityId }) => identityId)).toEqual([
        "many",
        "second",
      ]);
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

    it("never compares embeddings of two spaces; keeps them, and says how many there are", async () => {
      const store = newStore();
      const gallery = await openGallery(store);
      await gallery.enrol(face({ id: "old", identity: "i", embedding: embedding(4) }));
      await gallery.enrol(face({ id: "old-2", identity: "i", embedding: embedding(5) }));
      const next = await openGallery(store, memoryBlobs(), [NEXT]);
      const question = { ...probe(embedding(4)), model: NEXT };
      expect(await next.search(question, 5)).toEqual({ candidates: [], galleryFaces: 0 });
      const notSearched = async () => (await next.statistics()).notSearched;
      await expect.poll(notSearched, { timeout: 10_000 }).toMatchObject([{ model: MODEL, faces: 2 }]);
      expect(await next.statistics()).toMatchObject({ identities: 1, faces: 2, model: NEXT });
      expect((await next.get("i")).faces[0]!.model).toBe(MODEL);
      await next.enrol({ ...face({ id: "new", identity: "i", embedding: embedding(4) }), model: NEXT });
      expect(await next.search(question, 5)).toMatchObject({
        candidates: [{ faceId: "new" }],
        galleryFaces: 1,
      });
      await next.deleteFace("old-2");
      expect(await next.statistics()).toMatchObject({ faces: 2, notSearched: [{ model: MODEL, faces: 1 }] });
      await next.deleteIdentity("i");
      expect(await next.statistics()).toMatchObject({ faces: 0, notSearched: [] });
      await gallery.enrol(face({ id: "back", identity: "j", embedding: embedding(4) }));
      expect((await gallery.search(probe(embedding(4)), 5)).candidates.length).toBe(1);
    });

    it("searches all models of one space together, and takes faces and probes of each", async () => {
      const gallery = await openGallery(newStore(), memoryBlobs(), [INT8, FLOAT32]);
      const asked = embedding(6);
      const add = async (id: string, identity: string, model: string, cosine: number) =>
        (await gallery.enrol({ ...face({ id, identity, embedding: near(asked, cosine, 1) }), model })).added;
      expect(await add("a-8", "a", INT8, 0.7)).toBe(true);
      expect(await add("b-32", "b", FLOAT32, 0.8)).toBe(true);
      // The same face in both: two embeddings that differ, so two faces, and still one answer per person.
      expect(await add("b-8", "b", INT8, 0.79)).toBe(true);
      expect(await add("b-8-again", "b", INT8, 0.79)).toBe(false);
      for (const model of [INT8, FLOAT32]) {
        const { candidates, galleryFaces } = await gallery.search({ ...probe(asked), model }, 5);
        expect(candidates.map(({ faceId }) => faceId)).toEqual(["b-32", "a-8"]);
        expect(galleryFaces).toBe(3);
      }
      expect(await gallery.statistics()).toMatchObject({ faces: 3, model: INT8, notSearched: [] });
      await expect(gallery.search(probe(asked), 5)).rejects.toMatchObject({ code: "model_mismatch" });
      await expect(gallery.enrol(face({ id: "x", identity: "a" }))).rejects.toMatchObject({
        code: "model_mismatch",
        message: expect.stringContaining(`${INT8} and ${FLOAT32}`) as string,
      });
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
}
