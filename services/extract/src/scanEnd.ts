import { setImmediate } from "node:timers/promises";
import { RST0, type HuffmanTable } from "./jpegMarkers.js";

/** The blocks of one component in a unit of a scan, and the tables that they are read with. */
export interface UnitPart {
  blocks: number;
  dc: HuffmanTable;
  ac: HuffmanTable;
}

export interface BaselineScan {
  parts: readonly UnitPart[];
  /** Units in the scan, and between two restarts; 0 where there are none. */
  units: number;
  restartInterval: number;
}

/** How long the event loop is held at a time. */
const HOLD_MS = 2;
const UNITS_PER_LOOK = 256;

/**
 * Where the marker behind a baseline scan stands: walks its codes without computing a pixel, 100 KB in about a millisecond. Undefined
 * if the scan holds less than its picture, or anything more: a decoder passes over what follows the last code.
 */
export async function baselineScanEnd(
  jpeg: Uint8Array,
  from: number,
  { parts, units, restartInterval }: BaselineScan,
): Promise<number | undefined> {
  const walk = new ScanWalk(jpeg, from, parts);
  let restarts = 0;
  let heldSince = performance.now();
  for (let done = 0; done < units;) {
    const untilRestart = restartInterval ? restartInterval - (done % restartInterval) : Infinity;
    const count = Math.min(UNITS_PER_LOOK, units - done, untilRestart);
    if (!walk.pass(count)) return undefined;
    done += count;
    if (restartInterval && done < units && done % restartInterval === 0) {
      if (!walk.restart(RST0 + (restarts++ % 8))) return undefined;
    }
    if (performance.now() - heldSince < HOLD_MS) continue;
    await setImmediate();
    heldSince = performance.now();
  }
  return walk.end();
}

/** Codes one after the other. */
class ScanWalk {
  readonly #jpeg: Uint8Array;
  readonly #blocks: { dc: Uint16Array; ac: Uint16Array }[];
  #at: number;
  /** The lowest `#count` bits are read and not passed. */
  #bits = 0;
  #count = 0;
  /** Of those, bytes that are not in the file: codes are looked up by 16 bits. */
  #beyond = 0;

  constructor(jpeg: Uint8Array, from: number, parts: readonly UnitPart[]) {
    this.#jpeg = jpeg;
    this.#at = from;
    this.#blocks = parts.flatMap(({ blocks, dc, ac }) => {
      const tables = { dc: lookupOf(dc, dcEntry), ac: lookupOf(ac, acEntry) };
      return Array.from({ length: blocks }, () => tables);
    });
  }

  /** False where a code is none. */
  pass(units: number): boolean {
    const jpeg = this.#jpeg;
    const blocks = this.#blocks;
    // Fields of the object would cost half as much again.
    let at = this.#at;
    let bits = this.#bits;
    let count = this.#count;
    let beyond = this.#beyond;
    for (let unit = 0; unit < units; unit++) {
      for (const { dc, ac } of blocks) {
        let table = dc;
        let advance = 0;
        let coefficient = 0;
        while (coefficient < 64) {
          while (count < 16) {
            // Behind its end a scan is filled with ones, here as in decoders.
            const byte = at < jpeg.length ? jpeg[at]! : 0xff;
            if (byte !== 0xff) at++;
            else if (jpeg[at + 1] === 0) at += 2;
            else beyond++;
            bits = (bits << 8) | byte;
            count += 8;
          }
          const entry = table[(bits >>> (count - 16)) & 0xffff]!;
          if (entry === 0) return false;
          // Below zero where what follows the code is not read yet.
          count -= (entry & 0x1f) + ((entry >>> 5) & 0xf);
          advance = entry >>> 9;
          coefficient += advance;
          table = ac;
        }
        if (coefficient > 64 && advance !== END_OF_BLOCK) return false;
      }
    }
    this.#at = at;
    this.#bits = bits;
    this.#count = count;
    this.#beyond = beyond;
    return true;
  }

  /** Passes the marker of a restart; false where another one or anything else comes. */
  restart(marker: number): boolean {
    const end = this.end();
    if (end === undefined || this.#jpeg[end + 1] !== marker) return false;
    this.#at = end + 2;
    this.#count = 0;
    this.#beyond = 0;
    return true;
  }

  /** Where a marker stands, if all bytes before it were used: the last is filled with ones. */
  end(): number | undefined {
    while (this.#count < 0) {
      const byte = this.#jpeg[this.#at] ?? 0xff;
      if (byte === 0xff && this.#jpeg[this.#at + 1] !== 0) return undefined;
      this.#at += byte === 0xff ? 2 : 1;
      this.#bits = byte;
      this.#count += 8;
    }
    const left = this.#count - 8 * this.#beyond;
    const isFilled = ((this.#bits >>> (8 * this.#beyond)) & ((1 << left) - 1)) === (1 << left) - 1;
    const atMarker = this.#jpeg[this.#at] === 0xff && this.#jpeg[this.#at + 1] !== 0;
    return left >= 0 && left < 8 && isFilled && atMarker ? this.#at : undefined;
  }
}

/** What the code of the end of a block passes: more than any other. */
const END_OF_BLOCK = 64;

/** By the next 16 bits: how long the code is (5 bits), how many bits follow it (4), how many coefficients it passes (7). 0 is no code. */
function lookupOf({ counts, symbols }: HuffmanTable, entryOf: (symbol: number) => number): Uint16Array {
  const lookup = new Uint16Array(1 << 16);
  let code = 0;
  let next = 0;
  for (let length = 1; length <= 16; length++) {
    const span = 1 << (16 - length);
    for (let i = 0; i < counts[length - 1]!; i++, code++) {
      const entry = entryOf(symbols[next++]!);
      if (entry > 0) lookup.fill(length | entry, code * span, (code + 1) * span);
    }
    code <<= 1;
  }
  return lookup;
}

function dcEntry(size: number): number {
  return size > 15 ? 0 : (size << 5) | (1 << 9);
}

function acEntry(symbol: number): number {
  const run = symbol >> 4;
  const size = symbol & 0xf;
  if (size === 0 && run !== 0 && run !== 15) return 0;
  return (size << 5) | ((symbol === 0 ? END_OF_BLOCK : run + 1) << 9);
}
