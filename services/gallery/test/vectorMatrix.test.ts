import { describe, expect, it } from "vitest";
import { VectorMatrix, setRow } from "../src/drivers/nats/memory/vectorMatrix.js";
import { cosineOf, embedding, near } from "./fixtures.js";

describe("the vectors", () => {
  it("find exactly the nearest, through additions and deletions", () => {
    const vectors = new VectorMatrix();
    const there = new Map<number, Float32Array>();
    for (let key = 1; key <= 3_000; key++) {
      // Clusters of ten, so that the nearest are near.
      const vector = near(embedding(key % 300), 0.5, key);
      vectors.add(key, vector);
      there.set(key, vector);
      if (key % 3 === 0) {
        const gone = 1 + ((key * 7919) % key);
        vectors.delete(gone);
        there.delete(gone);
      }
    }
    expect(vectors.size).toBe(there.size);
    // As it lies in a message.
    const message = new Float32Array(700);
    for (let i = 0; i < 20; i++) {
      const probe = message.subarray(i, i + 512);
      probe.set(near(embedding(i * 13), 0.6, 5_000 + i));
      const exact = [...there]
        .map(([key, vector]) => ({ key, similarity: cosineOf(probe, vector) }))
        .sort((a, b) => b.similarity - a.similarity)
        .slice(0, 10);
      const found = vectors.nearest(probe, 10).slice(0, 10);
      expect(found.map(({ key }) => key)).toEqual(exact.map(({ key }) => key));
      for (const [j, { similarity }] of found.entries()) {
        expect(similarity).toBeCloseTo(exact[j]!.similarity, 6);
      }
    }
  });

  it("give as many as are asked for, or all", () => {
    const vectors = new VectorMatrix();
    expect(vectors.nearest(embedding(1), 5)).toEqual([]);
    for (let key = 1; key <= 1_000; key++) vectors.add(key, embedding(key));
    expect(vectors.nearest(embedding(1), 900).length).toBe(900);
    expect(vectors.nearest(embedding(1), 5_000).length).toBe(1_000);
  });

  it("take in rows as they stand in others, across their pieces", () => {
    const [first, second] = [new VectorMatrix(), new VectorMatrix()];
    for (const vectors of [first, second]) vectors.add(1, embedding(1));
    const keys = Array.from({ length: 9_000 }, (_, i) => i + 2);
    for (const key of keys) first.add(key, embedding(key % 500));
    const pieces = second.extend(keys);
    expect(pieces.map(({ inverseNorms }) => inverseNorms.length)).toEqual([8_191, 809]);
    let next = 0;
    for (const piece of pieces) {
      for (let i = 0; i < piece.inverseNorms.length; i++) setRow(piece, i, first.row(keys[next++]!)!);
    }
    const probe = near(embedding(7), 0.7);
    expect(second.nearest(probe, 50)).toEqual(first.nearest(probe, 50));
  });

  it("keep vectors as they came, and forget what is deleted", () => {
    const vectors = new VectorMatrix();
    for (let key = 1; key <= 3; key++) vectors.add(key, embedding(key));
    vectors.delete(1);
    vectors.delete(1);
    vectors.delete(99);
    expect(vectors.row(1)).toBeUndefined();
    expect(vectors.row(3)?.vectors).toEqual(embedding(3));
    expect(vectors.row(2)?.vectors).toEqual(embedding(2));
    for (const key of [2, 3]) vectors.delete(key);
    expect(vectors.nearest(embedding(2), 5)).toEqual([]);
    vectors.add(4, embedding(4));
    expect(vectors.nearest(embedding(4), 5)).toMatchObject([{ key: 4 }]);
    vectors.clear();
    expect(vectors.size).toBe(0);
  });
});
