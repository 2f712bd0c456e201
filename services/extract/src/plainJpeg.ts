import sharp from "./libvips.js";

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const COM = 0xfe;
const APP0 = 0xe0;
const APP14 = 0xee;
const APP15 = 0xef;

/**
 * The same JPEG without any metadata, where the upload is one that every viewer shows as the decoder sees it: upright, sRGB or
 * grey, 8 bits. Not one pixel is computed again, so nothing is lost and next to nothing spent: encoding two megapixels anew
 * costs 13 ms. Undefined for all others, which have to be encoded.
 */
export async function plainJpeg(upload: Uint8Array): Promise<Uint8Array | undefined> {
  if (upload[0] !== 0xff || upload[1] !== SOI) return undefined;
  const { format, orientation, space, depth, icc } = await sharp(upload).metadata();
  const plain =
    format === "jpeg" &&
    (orientation ?? 1) === 1 &&
    (space === "srgb" || space === "b-w") &&
    depth === "uchar" &&
    (icc === undefined || isSrgb(icc));
  return plain ? withoutMetadata(upload) : undefined;
}

/** By the name that the profile gives itself. */
function isSrgb(icc: Buffer): boolean {
  return icc.includes("sRGB") || icc.includes(Buffer.from("sRGB", "utf16le").swap16());
}

/**
 * Copies what the picture is made of and leaves out what is said about it: application segments but for JFIF and Adobe (without
 * which colours would be read otherwise), comments, and all that follows the end of the image. ITU T.81, annex B.
 * Undefined where the markers make no sense.
 */
export function withoutMetadata(jpeg: Uint8Array): Uint8Array | undefined {
  const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  const kept: Buffer[] = [bytes.subarray(0, 2)];
  let at = 2;
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1]!;
    // Markers may be preceded by any number of fill bytes.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) return undefined;
    if (!isMetadata(marker, bytes.subarray(at + 4, end))) kept.push(bytes.subarray(at, end));
    at = end;
    if (marker !== SOS) continue;
    const next = endOfScan(bytes, at);
    if (next === undefined) return undefined;
    kept.push(bytes.subarray(at, next));
    at = next;
    if (bytes[at + 1] === EOI) return Buffer.concat([...kept, bytes.subarray(at, at + 2)]);
  }
  return undefined;
}

function isMetadata(marker: number, payload: Buffer): boolean {
  if (marker === COM) return true;
  if (marker < APP0 || marker > APP15) return false;
  if (marker === APP0) return payload.toString("latin1", 0, 5) !== "JFIF\0";
  return !(marker === APP14 && payload.toString("latin1", 0, 5) === "Adobe");
}

/** Where the next marker stands: in a scan, 0xff is followed by zero, or by the number of a restart. */
function endOfScan(bytes: Buffer, from: number): number | undefined {
  for (
    let at = bytes.indexOf(0xff, from);
    at >= 0 && at + 1 < bytes.length;
    at = bytes.indexOf(0xff, at + 1)
  ) {
    const after = bytes[at + 1]!;
    const isData = after === 0 || after === 0xff || (after >= 0xd0 && after <= 0xd7);
    if (!isData) return at;
  }
  return undefined;
}
