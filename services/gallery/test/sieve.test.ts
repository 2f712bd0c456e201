import { EMBEDDING_SIZE } from "@similarfaces/contracts";
import { describe, expect, it } from "vitest";
import { SIGN_BYTES, Sieve, writeSigns } from "../src/drivers/nats/memory/sieve.js";

const ROWS = 700;

/** The same numbers on every run. */
function numbers(seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: EMBEDDING_SIZE }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
}

const vectors = Array.from({ length: ROWS }, (_, row) => numbers(row + 1));
const sieve = new Sieve();
for (const [row, vector] of vectors.entries()) {
  writeSigns(sieve.signs.subarray(row * SIGN_BYTES, (row + 1) * SIGN_BYTES), vector);
}

/** What the kernel counts, number by number: signs that differ, and twice more where the probe's number is large. */
function distance(probe: Float32Array, vector: Float32Array): number {
  const large = 0.7 * Math.sqrt(probe.reduce((sum, x) => sum + x * x, 0) / EMBEDDING_SIZE);
  return probe.reduce((sum, x, i) => sum + (x > 0 === vector[i]! > 0 ? 0 : Math.abs(x) > large ? 3 : 1), 0);
}

describe("the sieve", () => {
  it("gives all rows, nearest first, where all are wanted", () => {
    const probe = numbers(5_000);
    const expected = vectors
      .map((vector, row) => ({ row, distance: distance(probe, vector) }))
      .toSorted((a, b) => a.distance - b.distance || a.row - b.row);
    expect(sieve.nearest(probe, ROWS, ROWS)).toEqual(expected);
  });

  it("finds a row by its own vector, and by one that is a little off", () => {
    const noise = numbers(6_000);
    const near = vectors[123]!.map((x, i) => x + 0.2 * noise[i]!);
    expect(sieve.nearest(vectors[123]!, ROWS, 1)).toEqual([{ row: 123, distance: 0 }]);
    expect(sieve.nearest(near, ROWS, 5)[0]!.row).toBe(123);
  });

  it("looks at no more rows than there are, and gives no more than were asked for", () => {
    expect(sieve.nearest(vectors[500]!, 100, 7)).toHaveLength(7);
    expect(
      sieve
        .nearest(vectors[500]!, 3, 7)
        .map(({ row }) => row)
        .toSorted(),
    ).toEqual([0, 1, 2]);
  });
});
