import { EMBEDDING_SIZE } from "@similarfaces/contracts";
import { MetricKind, exactSearch } from "usearch";

export interface Hit {
  key: number;
  /** Cosine of the float32 vectors, -1..1, to 7 digits. */
  similarity: number;
}

/** Vectors one after the other, with what is made of them. */
export interface Rows {
  /** float32 [rows, 512]. */
  readonly vectors: Float32Array;
  /** int8 [rows, 256]. */
  readonly sketches: Int8Array;
  /** float64 [rows], 1 over a vector's length: an embedding may be 1 % off. */
  readonly inverseNorms: Float64Array;
}

/** 16 MiB of vectors, and 32 of their sketches, at a time: growing copies nothing, and what is not used yet is no memory. */
export const CHUNK_ROWS = 8_192;
const SKETCH_CHUNK_ROWS = 131_072;
/** int8 per sketch: every two numbers of a vector are added into one. */
const SKETCH_SIZE = EMBEDDING_SIZE / 2;
/** Of a sketch of length 1: 127 is 0.25, four standard deviations of its numbers. */
const SKETCH_SCALE = 508;
/** Nearest by sketch of which the nearest by vector are taken; measured in the README. */
const CANDIDATES = 384;
/** Vectors that are compared in one call: 1 MiB, which stays in the processor's cache. */
const COMPARED_ROWS = 512;

/**
 * Vectors of 512 float32 by key, close together in memory: the last row moves to where one was deleted. Searching
 * goes through all sketches, an eighth of the vectors' bytes, and looks at the vectors of the nearest. That takes no
 * building, no repair after deletions, and 2 ms for 100,000.
 */
export class Vectors {
  readonly #chunks: Omit<Rows, "sketches">[] = [];
  /** In larger pieces, each searched by one call. */
  readonly #sketches: Int8Array[] = [];
  readonly #keys: number[] = [];
  readonly #rowOf = new Map<number, number>();
  /** Candidates' vectors, copied together, and how many of them are still there from the last search. */
  readonly #compared = new Float32Array(COMPARED_ROWS * EMBEDDING_SIZE);
  #left = 0;

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
      this.#sketches[Math.floor(row / SKETCH_CHUNK_ROWS)] ??= new Int8Array(SKETCH_CHUNK_ROWS * SKETCH_SIZE);
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
    // What is gone is gone from memory too.
    for (const part of [moved.vectors, moved.sketches, moved.inverseNorms]) part.fill(0);
    this.#forgetCompared();
  }

  clear(): void {
    for (const rows of [this.#chunks, this.#sketches, this.#keys]) rows.length = 0;
    this.#rowOf.clear();
    this.#forgetCompared();
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
    const sketch = new Int8Array(SKETCH_SIZE);
    writeSketch(sketch, probe);
    const found: { row: number; distance: number }[] = [];
    for (const [chunk, sketches] of this.#sketches.entries()) {
      const first = chunk * SKETCH_CHUNK_ROWS;
      const rows = Math.min(SKETCH_CHUNK_ROWS, this.#keys.length - first);
      if (rows <= 0) break;
      const { keys, distances } = exactSearch(
        sketches.subarray(0, rows * SKETCH_SIZE),
        sketch,
        SKETCH_SIZE,
        Math.min(count, rows),
        MetricKind.IP,
        1,
      );
      for (let i = 0; i < keys.length; i++) {
        found.push({ row: first + Number(keys[i]!), distance: distances[i]! });
      }
    }
    if (this.#sketches.length > 1) found.sort((a, b) => a.distance - b.distance).splice(count);
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
    this.#left = Math.max(this.#left, rows.length);
    const vectors = this.#compared.subarray(0, rows.length * EMBEDDING_SIZE);
    // The probe as the data set and the vectors as queries: what comes back is in their order.
    return exactSearch(probe, vectors, EMBEDDING_SIZE, 1, MetricKind.IP, 1).distances;
  }

  #forgetCompared(): void {
    this.#compared.fill(0, 0, this.#left * EMBEDDING_SIZE);
    this.#left = 0;
  }

  /** Within one chunk. */
  #rows(row: number, count: number): Rows {
    const { vectors, inverseNorms } = this.#chunks[Math.floor(row / CHUNK_ROWS)]!;
    const sketches = this.#sketches[Math.floor(row / SKETCH_CHUNK_ROWS)]!;
    const [at, sketch] = [row % CHUNK_ROWS, row % SKETCH_CHUNK_ROWS];
    return {
      vectors: vectors.subarray(at * EMBEDDING_SIZE, (at + count) * EMBEDDING_SIZE),
      sketches: sketches.subarray(sketch * SKETCH_SIZE, (sketch + count) * SKETCH_SIZE),
      inverseNorms: inverseNorms.subarray(at, at + count),
    };
  }
}

export function emptyRows(count: number): Rows {
  return {
    vectors: new Float32Array(count * EMBEDDING_SIZE),
    sketches: new Int8Array(count * SKETCH_SIZE),
    inverseNorms: new Float64Array(count),
  };
}

/** Copies a row to place `at`. */
export function setRow(rows: Rows, at: number, row: Rows): void {
  rows.vectors.set(row.vectors, at * EMBEDDING_SIZE);
  rows.sketches.set(row.sketches, at * SKETCH_SIZE);
  rows.inverseNorms.set(row.inverseNorms, at);
}

function write(row: Rows, vector: Float32Array): void {
  row.vectors.set(vector);
  writeSketch(row.sketches, vector);
  row.inverseNorms[0] = inverseNormOf(vector);
}

/** All sketches have one length, so that their inner products are in the order of their cosines. */
function writeSketch(sketch: Int8Array, vector: Float32Array): void {
  let squares = 0;
  for (let i = 0; i < EMBEDDING_SIZE; i += 2) {
    const sum = vector[i]! + vector[i + 1]!;
    squares += sum * sum;
  }
  const scale = squares > 0 ? SKETCH_SCALE / Math.sqrt(squares) : 0;
  for (let i = 0; i < SKETCH_SIZE; i++) {
    const value = Math.round((vector[2 * i]! + vector[2 * i + 1]!) * scale);
    sketch[i] = value > 127 ? 127 : value < -127 ? -127 : value;
  }
}

function inverseNormOf(vector: Float32Array): number {
  let squares = 0;
  for (let i = 0; i < EMBEDDING_SIZE; i++) squares += vector[i]! * vector[i]!;
  return 1 / Math.sqrt(squares);
}
