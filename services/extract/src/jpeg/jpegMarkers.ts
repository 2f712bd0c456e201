export const SOI = 0xd8;
export const EOI = 0xd9;
export const SOS = 0xda;
export const DRI = 0xdd;
export const RST0 = 0xd0;

export interface Segment {
  readonly marker: number;
  /** Where the marker stands. */
  readonly at: number;
  /** Where its payload ends, by the length that it says; beyond the file where that ended too early. */
  readonly end: number;
  readonly payload: Buffer;
}

/**
 * The segments that a decoder would come across, up to the end marker. Like libjpeg it looks for the next marker wherever one could begin,
 * so that bytes between segments hide nothing.
 */
export function* segmentsOf(jpeg: Buffer): Generator<Segment> {
  for (let at = jpeg.indexOf(0xff, 2); at >= 0 && at + 1 < jpeg.length;) {
    const marker = jpeg[at + 1]!;
    const end = at + 2 + lengthAt(jpeg, at);
    if (marker === EOI || hasLength(marker)) yield { marker, at, end, payload: jpeg.subarray(at + 4, end) };
    if (marker === EOI) return;
    at = jpeg.indexOf(0xff, marker === 0xff ? at + 1 : end);
  }
}

/** Counted up to one more than `most`. */
export function jpegScans(jpeg: Buffer, most: number): number {
  let scans = 0;
  for (const { marker } of segmentsOf(jpeg)) {
    if (marker === SOS && ++scans > most) break;
  }
  return scans;
}

/** Infinity where the file ends before the length does. */
function lengthAt(jpeg: Buffer, at: number): number {
  if (!hasLength(jpeg[at + 1]!) || jpeg[at + 1] === EOI) return 0;
  return at + 3 < jpeg.length ? jpeg.readUInt16BE(at + 2) : Infinity;
}

/** Not stuffing, fill, TEM, restarts or SOI, which stand alone. */
export function hasLength(marker: number): boolean {
  return marker > 0x01 && marker !== 0xff && !(marker >= RST0 && marker <= SOI);
}
