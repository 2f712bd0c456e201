import { EMBEDDING_SIZE } from "@similarfaces/contracts";
import { MetricKind, exactSearch } from "usearch";
import { SIEVE_ROWS, SIGN_BYTES, Sieve, writeSigns, type Sieved } from "./sieve.js";

export interface Hit {
  key: number;
  /** Cosine of the float32 vectors, -1..1, to 7 digits. */
  similarity: number;
}

/** Vectors one after the other, with what is made of them. */
export interface Rows {
  /** float32 [rows, 512]. */
  readonly vectors: Float32Array;
  /** uint8 [rows, 64]: one bit per number, by which the sieve finds the nearest. */
  readonly signs: Uint8Array;
  /** float64 [rows], 1 over a vector's length: an embedding may be 1 % off. */
  readonly inverseNorms: Float64Array;
}

/** 16 MiB of vectors at a time: growing copies nothing, and what is not used yet is no memory. */
export const CHUNK_ROWS = 8_192;
/** Rows nearest by the sieve, whose vectors are then compared. The README has the recall. */
const CANDIDATES = 384;
/** Vectors that are compared in one call: 1 MiB, which stays in the processor's cache. */
const COMPARED_ROWS = 512;

/**
 * Vectors of 512 float32 by key, in one matrix: the last row moves to where one was deleted. A search reads the signs of
 * all rows, a thirty-second of the vectors' bytes, and compares the vectors of the nearest. There is no index to build or
 * to repair after deletions, and it takes a millisecond for 100,000.
 */
export class VectorMatrix {
  readonly #chunks: Omit<Rows, "signs">[] = [];
  readonly #sieves: Sieve[] = [];
  readonly #keys: number[] = [];
  readonly #rowOf = new Map<number, number>();
  /** Candidates' vectors, copied together, and how many of them are still there from the last search. */
  readonly #compared = new Float32Array(COMPARED_ROWS * EMBEDDING_SIZE);
  #copied = 0;

  get size(): number {
    return this.#keys.length;
  }

  /** The memory itself, not a copy; undefined for a key that is gone. */
  row(key: number): Rows | undefined {
    const row = this.#rowOf.get(key);
    return row === undefined ? undefined : this.#rows(row, 1);
  }

  add(key: number, vector: Float32Array): void {
    const [row] = this.extend([key]);
    write(row!, vector);
  }

  /** Room for these keys' rows, in one piece or several, each to be filled before the next search. */
  extend(keys: readonly number[]): Rows[] {
    const first = this.#keys.length;
    for (const key of keys) this.#rowOf.set(key, this.#keys.push(key) - 1);
    const pieces: Rows[] = [];
    for (let row = first; row < this.#keys.length;) {
      const chunk = Math.floor(row / CHUNK_ROWS);
      const count = Math.min(this.#keys.length, (chunk + 1) * CHUNK_ROWS) - row;
      this.#chunks[chunk] ??= {
        vectors: new Float32Array(CHUNK_ROWS * EMBEDDING_SIZE),
        inverseNorms: new Float64Array(CHUNK_ROWS),
      };
      this.#sieves[Math.floor(row / SIEVE_ROWS)] ??= new Sieve();
      pieces.push(this.#rows(row, count));
      row += count;
    }
    return pieces;
  }

  delete(key: number): void {
    const row = this.#rowOf.get(key);
    if (row === undefined) return;
    this.#rowOf.delete(key);
    const lastKey = this.#keys.pop()!;
    const last = this.#keys.length;
    const moved = this.#rows(last, 1);
    if (row < last) {
      setRow(this.#rows(row, 1), 0, moved);
      this.#keys[row] = lastKey;
      this.#rowOf.set(lastKey, row);
    }
    // A deleted face does not stay in memory either.
    for (const part of [moved.vectors, moved.signs, moved.inverseNorms]) part.fill(0);
    this.#clearCompared();
  }

  clear(): void {
    for (const rows of [this.#chunks, this.#sieves, this.#keys]) rows.length = 0;
    this.#rowOf.clear();
    this.#clearCompared();
  }

  /** At least `count`, or all there are; nearest first. */
  nearest(probe: Float32Array, count: number): Hit[] {
    const rows = this.#candidates(probe, Math.max(count, CANDIDATES));
    const inverseNorm = inverseNormOf(probe);
    // usearch reads a buffer from its beginning, wherever in it the probe begins.
    const alone = new Float32Array(probe);
    const hits: Hit[] = [];
    for (let first = 0; first < rows.length; first += COMPARED_ROWS) {
      const some = rows.slice(first, first + COMPARED_ROWS);
      const distances = this.#distances(alone, some);
      for (let i = 0; i < some.length; i++) {
        const row = some[i]!;
        const { inverseNorms } = this.#chunks[Math.floor(row / CHUNK_ROWS)]!;
        const similarity = (1 - distances[i]!) * inverseNorm * inverseNorms[row % CHUNK_ROWS]!;
        hits.push({ key: this.#keys[row]!, similarity: Math.max(-1, Math.min(1, similarity)) });
      }
    }
    return hits.sort((a, b) => b.similarity - a.similarity);
  }

  #candidates(probe: Float32Array, count: number): number[] {
    const found: Sieved[] = [];
    for (const [i, sieve] of this.#sieves.entries()) {
      const first = i * SIEVE_ROWS;
      const rows = Math.min(SIEVE_ROWS, this.#keys.length - first);
      if (rows <= 0) break;
      for (const { row, distance } of sieve.nearest(probe, rows, count)) {
        found.push({ row: first + row, distance });
      }
    }
    if (this.#sieves.length > 1) found.sort((a, b) => a.distance - b.distance).splice(count);
    return found.map(({ row }) => row);
  }

  /** 1 - inner product with the vectors of these rows. */
  #distances(probe: Float32Array, rows: readonly number[]): Float32Array {
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      const { vectors } = this.#chunks[Math.floor(row / CHUNK_ROWS)]!;
      const at = (row % CHUNK_ROWS) * EMBEDDING_SIZE;
      this.#compared.set(vectors.subarray(at, at + EMBEDDING_SIZE), i * EMBEDDING_SIZE);
    }
    this.#copied = Math.max(this.#copied, rows.length);
    const vectors = this.#compared.subarray(0, rows.length * EMBEDDING_SIZE);
    // The probe as the data set and the vectors as queries: what comes back is in their order.
    return exactSearch(probe, vectors, EMBEDDING_SIZE, 1, MetricKind.IP, 1).distances;
  }

  #clearCompared(): void {
    this.#compared.fill(0, 0, this.#copied * EMBEDDING_SIZE);
    this.#copied = 0;
  }

  /** Within one chunk. */
  #rows(row: number, count: number): Rows {
    const { vectors, inverseNorms } = this.#chunks[Math.floor(row / CHUNK_ROWS)]!;
    const { signs } = this.#sieves[Math.floor(row / SIEVE_ROWS)]!;
    const [at, sieved] = [row % CHUNK_ROWS, row % SIEVE_ROWS];
    return {
      vectors: vectors.subarray(at * EMBEDDING_SIZE, (at + count) * EMBEDDING_SIZE),
      signs: signs.subarray(sieved * SIGN_BYTES, (sieved + count) * SIGN_BYTES),
      inverseNorms: inverseNorms.subarray(at, at + count),
    };
  }
}

export function emptyRows(count: number): Rows {
  return {
    vectors: new Float32Array(count * EMBEDDING_SIZE),
    signs: new Uint8Array(count * SIGN_BYTES),
    inverseNorms: new Float64Array(count),
  };
}

/** Copies a row to place `at`. */
export function setRow(rows: Rows, at: number, row: Rows): void {
  rows.vectors.set(row.vectors, at * EMBEDDING_SIZE);
  rows.signs.set(row.signs, at * SIGN_BYTES);
  rows.inverseNorms.set(row.inverseNorms, at);
}

function write(row: Rows, vector: Float32Array): void {
  row.vectors.set(vector);
  writeSigns(row.signs, vector);
  row.inverseNorms[0] = inverseNormOf(vector);
}

function inverseNormOf(vector: Float32Array): number {
  let squares = 0;
  for (let i = 0; i < EMBEDDING_SIZE; i++) squares += vector[i]! * vector[i]!;
  return 1 / Math.sqrt(squares);
}
