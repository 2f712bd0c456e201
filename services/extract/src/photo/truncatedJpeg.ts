import { jpegLayout, type JpegLayout } from "../jpeg/jpegLayout.js";
import { EOI } from "../jpeg/jpegMarkers.js";

/** A photo of which more is missing is not analysed. */
const ROWS_MISSING_MAX = 0.05;
const END = Buffer.from([0xff, EOI]);
/** Codes of whatever: no marker, and first what completes one byte of 255. */
const ANYTHING = Buffer.from(Array.from({ length: 255 }, (_, i) => i));

/** A JPEG that ended too early, as far as it goes. */
export interface TruncatedJpeg {
  /** With an end marker. */
  readonly bytes: Uint8Array;
  /** How many rows are whole, from the file's first. */
  readonly rows: number;
}

/** Of a JPEG that a decoder complained of because its data ends too early. */
export function layoutOfTruncated(upload: Uint8Array, complaint: unknown): JpegLayout | undefined {
  if (!(complaint instanceof Error && /premature end/i.test(complaint.message))) return undefined;
  return jpegLayout(bufferOf(upload));
}

/**
 * How much of a JPEG there is. Of several scans all rows are there, if coarse, where each component's first is whole. Else it is decoded
 * twice, with another continuation each: what is the same in both is in the file. The row of blocks that it ends in is not decoded, and not
 * counted as missing either. "damaged" where it goes on to its end, so that what lacks is of a strip between two restarts; undefined where more is
 * missing than is allowed.
 * @param decodeChannel one byte a pixel, unturned, whatever is missing
 */
export async function truncatedJpeg(
  upload: Uint8Array,
  { blockRow, hasOneScan, areFirstScansWhole, hasRestarts, hasEnd, end }: JpegLayout,
  { width, height }: { width: number; height: number },
  decodeChannel: (jpeg: Uint8Array) => Promise<Buffer>,
): Promise<TruncatedJpeg | "damaged" | undefined> {
  const data = bufferOf(upload).subarray(0, end);
  const bytes = Buffer.concat([data, END]);
  const isCoarse = !hasOneScan && areFirstScansWhole;
  const mayBeDamaged = hasEnd && hasRestarts;
  if (isCoarse && !mayBeDamaged) return { bytes, rows: height };
  const ended = await decodeChannel(bytes);
  const continued = await decodeChannel(Buffer.concat([data, ANYTHING, END]));
  const rows = equalRows(ended, continued, width);
  if (rows === height) return mayBeDamaged ? "damaged" : { bytes, rows };
  if (isCoarse) return { bytes, rows: height };
  // Colours are interpolated from the next row of blocks: one row above it changes too.
  const rowsThere = blockRow * (Math.floor((rows + 1) / blockRow) + 1);
  const isEnough = hasOneScan && rows > 0 && rowsThere >= (1 - ROWS_MISSING_MAX) * height;
  return isEnough ? { bytes, rows } : undefined;
}

/** How many rows of two pictures are the same, from the first. */
function equalRows(a: Buffer, b: Buffer, width: number): number {
  let [equal, most] = [0, a.length / width];
  while (equal < most) {
    const middle = Math.ceil((equal + most) / 2);
    if (a.subarray(equal * width, middle * width).equals(b.subarray(equal * width, middle * width)))
      equal = middle;
    else most = middle - 1;
  }
  return equal;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
