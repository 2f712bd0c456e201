export const SOI = 0xd8;
export const EOI = 0xd9;
export const SOS = 0xda;
export const RST0 = 0xd0;

/**
 * The scans that a decoder would come across, counted up to one more than `most`. Like libjpeg it looks for the next marker wherever
 * one could begin, so that bytes between segments hide nothing.
 */
export function jpegScans(jpeg: Buffer, most: number): number {
  let scans = 0;
  for (let at = jpeg.indexOf(0xff, 2); at >= 0 && at + 3 < jpeg.length && scans <= most;) {
    const marker = jpeg[at + 1]!;
    if (marker === EOI) break;
    if (marker === SOS) scans++;
    const next = hasLength(marker) ? at + 2 + jpeg.readUInt16BE(at + 2) : at + (marker === 0xff ? 1 : 2);
    at = jpeg.indexOf(0xff, next);
  }
  return scans;
}

/** Not stuffing, fill, TEM, restarts or SOI, which stand alone. */
export function hasLength(marker: number): boolean {
  return marker > 0x01 && marker !== 0xff && !(marker >= RST0 && marker <= SOI);
}
