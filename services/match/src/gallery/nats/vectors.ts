import { EMBEDDING_SIZE } from "@similarfaces/contracts";
import { MetricKind, exactSearch } from "usearch";

export interface Hit {
  key: number;
  /** Exact cosine of the float32 vectors, -1..1. */
  similarity: number;
}

/** 16 MiB of vectors, and 32 of their sketches, at a time: growing copies nothing, and what is not used yet is no memory. */
const CHUNK_ROWS = 8_192;
const SKETCH_CHUNK_ROWS = 131_072;
/** int8 per sketch: every two numbers of a vector are added into one. */
const SKETCH_SIZE = EMBEDDING_SIZE / 2;
/** Of a sketch of length 1: 127 is 0.25, four standard deviations of its numbers. */
const SKETCH_SCALE = 508;
/** Nearest by sketch of which the nearest by vector are taken; measured in the README. */
const CANDIDATES = 384;

/**
 * Vectors of 512 float32 by key, close together in memory: the last row moves to where one was deleted. Searching
 * goes through all sketches, an eighth of the vectors' bytes, and looks at the vectors of the nearest. That takes no
 * building, no repair after deletions, and 3 ms for 100,000.
 */
export class Vectors {
  readonly #chunks: Float32Array[] = [];
  readonly #sketches: Int8Array[] = [];
  /** 1 over a vector's length, by row: an embedding may be 1 % off. */
  readonly #inverseNorms: Float64Array[] = [];
  readonly #keys: number[] = [];
  readonly #rowOf = new Map<number, number>();

  get size(): number {
    return this.#keys.length;
  }

  has(key: number): boolean {
    return this.#rowOf.has(key);
  }

  /** The vector itself, not a copy; undefined for a key that is gone. */
  get(key: number): Float32Array | undefined {
    const row = this.#rowOf.get(key);
    return row === undefined ? undefined : this.#row(row);
  }

  add(key: number, vector: Float32Array): void {
    const row = this.#keys.length;
    const chunk = Math.floor(row / CHUNK_ROWS);
    this.#chunks[chunk] ??= new Float32Array(CHUNK_ROWS * EMBEDDING_SIZE);
    this.#inverseNorms[chunk] ??= new Float64Array(CHUNK_ROWS);
    this.#sketches[Math.floor(row / SKETCH_CHUNK_ROWS)] ??= new Int8Array(SKETCH_CHUNK_ROWS * SKETCH_SIZE);
    this.#write(row, vector);
    this.#keys.push(key);
    this.#rowOf.set(key, row);
  }

  delete(key: number): void {
    const row = this.#rowOf.get(key);
    if (row === undefined) return;
    this.#rowOf.delete(key);
    const lastKey = this.#keys.pop()!;
    const last = this.#keys.length;
    if (row < last) {
      this.#write(row, this.#row(last));
      this.#keys[row] = lastKey;
      this.#rowOf.set(lastKey, row);
    }
    // What is gone is gone from memory too.
    this.#row(last).fill(0);
    this.#sketch(last).fill(0);
  }

  clear(): void {
    for (const rows of [this.#chunks, this.#sketches, this.#inverseNorms, this.#keys]) rows.length = 0;
    this.#rowOf.clear();
  }

  /** At least `count`, or all there are; nearest first. */
  nearest(probe: Float32Array, count: number): Hit[] {
    const inverseNorm = inverseNormOf(probe);
    return this.#candidates(probe, Math.max(count, CANDIDATES))
      .map((row) => ({ key: this.#keys[row]!, similarity: this.#cosine(probe, inverseNorm, row) }))
      .sort((a, b) => b.similarity - a.similarity);
  }

  /** Keys with their vectors one after the other, some thousand at a time. */
  *chunks(): Generator<{ keys: readonly number[]; vectors: Float32Array }> {
    for (let first = 0; first < this.#keys.length; first += CHUNK_ROWS) {
      const keys = this.#keys.slice(first, first + CHUNK_ROWS);
      yield { keys, vectors: this.#chunks[first / CHUNK_ROWS]!.subarray(0, keys.length * EMBEDDING_SIZE) };
    }
  }

  #candidates(probe: Float32Array, count: number): number[] {
    const sketch = new Int8Array(SKETCH_SIZE);
    writeSketch(sketch, 0, probe);
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
      for (const [i, row] of keys.entries())
        found.push({ row: first + Number(row), distance: distances[i]! });
    }
    if (this.#sketches.length > 1) found.sort((a, b) => a.distance - b.distance).splice(count);
    return found.map(({ row }) => row);
  }

  #write(row: number, vector: Float32Array): void {
    const chunk = Math.floor(row / CHUNK_ROWS);
    this.#chunks[chunk]!.set(vector, (row % CHUNK_ROWS) * EMBEDDING_SIZE);
    this.#inverseNorms[chunk]![row % CHUNK_ROWS] = inverseNormOf(vector);
    const sketches = this.#sketches[Math.floor(row / SKETCH_CHUNK_ROWS)]!;
    writeSketch(sketches, (row % SKETCH_CHUNK_ROWS) * SKETCH_SIZE, vector);
  }

  #row(row: number): Float32Array {
    const at = (row % CHUNK_ROWS) * EMBEDDING_SIZE;
    return this.#chunks[Math.floor(row / CHUNK_ROWS)]!.subarray(at, at + EMBEDDING_SIZE);
  }

  #sketch(row: number): Int8Array {
    const at = (row % SKETCH_CHUNK_ROWS) * SKETCH_SIZE;
    return this.#sketches[Math.floor(row / SKETCH_CHUNK_ROWS)]!.subarray(at, at + SKETCH_SIZE);
  }

  #cosine(probe: Float32Array, inverseNorm: number, row: number): number {
    const vectors = this.#chunks[Math.floor(row / CHUNK_ROWS)]!;
    const at = (row % CHUNK_ROWS) * EMBEDDING_SIZE;
    // Four sums side by side: one would wait for each addition before the next.
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let i = 0; i < EMBEDDING_SIZE; i += 4) {
      a += probe[i]! * vectors[at + i]!;
      b += probe[i + 1]! * vectors[at + i + 1]!;
      c += probe[i + 2]! * vectors[at + i + 2]!;
      d += probe[i + 3]! * vectors[at + i + 3]!;
    }
    const scale = inverseNorm * this.#inverseNorms[Math.floor(row / CHUNK_ROWS)]![row % CHUNK_ROWS]!;
    return Math.max(-1, Math.min(1, (a + b + (c + d)) * scale));
  }
}

/** All sketches have one length, so that their inner products are in the order of their cosines. */
function writeSketch(sketches: Int8Array, at: number, vector: Float32Array): void {
  let squares = 0;
  for (let i = 0; i < EMBEDDING_SIZE; i += 2) {
    const sum = vector[i]! + vector[i + 1]!;
    squares += sum * sum;
  }
  const scale = squares > 0 ? SKETCH_SCALE / Math.sqrt(squares) : 0;
  for (let i = 0; i < SKETCH_SIZE; i++) {
    const value = Math.round((vector[2 * i]! + vector[2 * i + 1]!) * scale);
    sketches[at + i] = value > 127 ? 127 : value < -127 ? -127 : value;
  }
}

function inverseNormOf(vector: Float32Array): number {
  let squares = 0;
  for (let i = 0; i < EMBEDDING_SIZE; i++) squares += vector[i]! * vector[i]!;
  return 1 / Math.sqrt(squares);
}
