import { EMBEDDING_SIZE } from "@similarfaces/contracts";
import { watr } from "watr";

/** A row and how far it seems to be, in whole numbers that can be compared with those of another sieve. */
export interface Sieved {
  row: number;
  distance: number;
}

/** Rows of one sieve: 8 MiB of signs, and what is not used yet is no memory. A row's number has 17 bits. */
export const SIEVE_ROWS = 2 ** 17;
/** One bit for each number of a vector. */
export const SIGN_BYTES = EMBEDDING_SIZE / 8;
/** Rows that are weighed for each row asked for. */
const WEIGHED = 5;
/** In roots of a vector's mean square: half of a normal distribution's numbers are larger. */
const LARGE = 0.7;

/** Places in the kernel's memory: signs, uint16 distances, uint32 weighed rows, how many rows have each distance, the probe. */
const DISTANCES = SIEVE_ROWS * SIGN_BYTES;
const FOUND = DISTANCES + SIEVE_ROWS * 2;
const HAVING = FOUND + SIEVE_ROWS * 4;
const PROBE = HAVING + (EMBEDDING_SIZE + 2) * 4;
const PROBE_LARGE = PROBE + SIGN_BYTES;
const PAGES = Math.ceil((PROBE_LARGE + SIGN_BYTES) / 65_536);

/** Offsets of the 64-bit words in a row of signs. */
const WORDS = Array.from({ length: SIGN_BYTES / 8 }, (_, i) => 8 * i);
const each = (line: (word: number) => string) => WORDS.map(line).join("\n");
const sum = (term: (word: number) => string) => WORDS.map(term).reduce((a, b) => `(i64.add ${a} ${b})`);
const differing = (word: number) =>
  `(i64.xor (local.get $probe${word}) (i64.load offset=${word} (local.get $signs)))`;

/** WebAssembly, because JavaScript has no instruction that counts bits. Both loops read at least one row. */
const KERNEL = `
(module
  (memory (export "memory") ${PAGES})

  ;; Distances of the first rows, and how many have each: the number of signs that are not the probe's.
  (func (export "measure") (param $rows i32)
    (local $row i32) (local $signs i32) (local $distance i32) (local $having i32)
    ${each((word) => `(local $probe${word} i64)`)}
    ${each((word) => `(local.set $probe${word} (i64.load offset=${PROBE + word} (i32.const 0)))`)}
    (loop $next
      (local.set $signs (i32.mul (local.get $row) (i32.const ${SIGN_BYTES})))
      (local.set $distance (i32.wrap_i64 ${sum((word) => `(i64.popcnt ${differing(word)})`)}))
      (i32.store16 offset=${DISTANCES} (i32.mul (local.get $row) (i32.const 2)) (local.get $distance))
      (local.set $having (i32.mul (local.get $distance) (i32.const 4)))
      (i32.store offset=${HAVING} (local.get $having)
        (i32.add (i32.load offset=${HAVING} (local.get $having)) (i32.const 1)))
      (local.set $row (i32.add (local.get $row) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $row) (local.get $rows)))))

  ;; Of the first rows those within a distance, which is weighed: distance * 2^17 + row. Returns how many.
  (func (export "weigh") (param $rows i32) (param $within i32) (result i32)
    (local $row i32) (local $signs i32) (local $distance i32) (local $found i32)
    ${each((word) => `(local $probe${word} i64)`)}
    ${each((word) => `(local.set $probe${word} (i64.load offset=${PROBE + word} (i32.const 0)))`)}
    (loop $next
      (local.set $distance (i32.load16_u offset=${DISTANCES} (i32.mul (local.get $row) (i32.const 2))))
      (if (i32.le_u (local.get $distance) (local.get $within)) (then
        (local.set $signs (i32.mul (local.get $row) (i32.const ${SIGN_BYTES})))
        (local.set $distance (i32.add (local.get $distance) (i32.mul (i32.const 2) (i32.wrap_i64
          ${sum((word) => `(i64.popcnt (i64.and (i64.load offset=${PROBE_LARGE + word} (i32.const 0)) ${differing(word)}))`)}))))
        (i32.store offset=${FOUND} (i32.mul (local.get $found) (i32.const 4))
          (i32.add (i32.mul (local.get $distance) (i32.const ${SIEVE_ROWS})) (local.get $row)))
        (local.set $found (i32.add (local.get $found) (i32.const 1)))))
      (local.set $row (i32.add (local.get $row) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $row) (local.get $rows))))
    (local.get $found)))`;

interface Kernel {
  memory: { readonly buffer: ArrayBuffer };
  measure(rows: number): void;
  weigh(rows: number, within: number): number;
}

/**
 * Finds the rows that are probably nearest by the signs of their numbers alone: the fewer differ, the larger is the
 * cosine. All signs of all rows are compared; in the nearest rows, those at which the probe is large then count as three.
 */
export class Sieve {
  /** uint8 [SIEVE_ROWS, 64], as `writeSigns` makes them. */
  readonly signs: Uint8Array;
  readonly #kernel = watr(KERNEL) as unknown as Kernel;
  readonly #found: Uint32Array;
  readonly #having: Uint32Array;
  readonly #probe: Uint8Array;
  readonly #probeLarge: Uint8Array;

  constructor() {
    const { buffer } = this.#kernel.memory;
    this.signs = new Uint8Array(buffer, 0, SIEVE_ROWS * SIGN_BYTES);
    this.#found = new Uint32Array(buffer, FOUND, SIEVE_ROWS);
    this.#having = new Uint32Array(buffer, HAVING, EMBEDDING_SIZE + 1);
    this.#probe = new Uint8Array(buffer, PROBE, SIGN_BYTES);
    this.#probeLarge = new Uint8Array(buffer, PROBE_LARGE, SIGN_BYTES);
  }

  /** Of the first `rows`, of which there is one at least; nearest first. */
  nearest(probe: Float32Array, rows: number, count: number): Sieved[] {
    writeSigns(this.#probe, probe);
    const sizes = probe.map(Math.abs);
    writeBits(
      this.#probeLarge,
      sizes,
      LARGE * Math.sqrt(sizes.reduce((sum, x) => sum + x * x, 0) / EMBEDDING_SIZE),
    );
    this.#having.fill(0);
    this.#kernel.measure(rows);
    const found = this.#kernel.weigh(rows, this.#reach(WEIGHED * count));
    const nearest = this.#found.slice(0, found).sort().subarray(0, count);
    return Array.from(nearest, (value) => ({
      row: value % SIEVE_ROWS,
      distance: Math.floor(value / SIEVE_ROWS),
    }));
  }

  /** The distance within which there are so many rows, or all. */
  #reach(count: number): number {
    let distance = 0;
    for (let left = count - this.#having[0]!; left > 0 && distance < EMBEDDING_SIZE;) {
      left -= this.#having[++distance]!;
    }
    return distance;
  }
}

export function writeSigns(signs: Uint8Array, vector: Float32Array): void {
  writeBits(signs, vector, 0);
}

function writeBits(bits: Uint8Array, numbers: Float32Array, above: number): void {
  for (let i = 0; i < SIGN_BYTES; i++) {
    let byte = 0;
    for (let j = 8 * i; j < 8 * i + 8; j++) byte = 2 * byte + (numbers[j]! > above ? 1 : 0);
    bits[i] = byte;
  }
}
