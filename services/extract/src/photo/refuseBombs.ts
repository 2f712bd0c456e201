import { StageFailure } from "@similarfaces/contracts";
import { jpegScans } from "../jpeg/jpegMarkers.js";

/** Encoders make ten or so. Each goes over the whole photo, however few bytes it has: 13 ms for 60 megapixels of one colour. */
const JPEG_SCANS_MAX = 100;
/** libvips asks for each frame when it opens the file, and libwebp walks to it from the first: 368,000 of them take minutes. */
const WEBP_FRAMES_MAX = 5_000;
const RIFF_HEADER_BYTES = 12;

/**
 * Looks for what would hold a decoder for long although the photo is no larger than others and no limit of the decoder sees it.
 * @throws StageFailure undecodable_image
 */
export function refuseBombs(upload: Uint8Array): void {
  const bytes = Buffer.from(upload.buffer, upload.byteOffset, upload.byteLength);
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && jpegScans(bytes, JPEG_SCANS_MAX) > JPEG_SCANS_MAX) {
    throw refusal(`more than ${JPEG_SCANS_MAX} scans`);
  }
  if (bytes.toString("latin1", 0, 4) === "RIFF" && webpFrames(bytes) > WEBP_FRAMES_MAX) {
    throw refusal(`more than ${WEBP_FRAMES_MAX} frames`);
  }
}

function refusal(what: string): StageFailure {
  return new StageFailure("undecodable_image", `The photo is made of ${what}; export it again.`);
}

/** Chunks follow one another: four letters, a length, an even number of bytes. */
function webpFrames(bytes: Buffer): number {
  let frames = 0;
  for (let at = RIFF_HEADER_BYTES; at + 8 <= bytes.length;) {
    if (bytes.toString("latin1", at, at + 4) === "ANMF") frames++;
    const length = bytes.readUInt32LE(at + 4);
    at += 8 + length + (length % 2);
  }
  return frames;
}
