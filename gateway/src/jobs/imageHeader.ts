import { imageSize } from "image-size";
import { PHOTO_PIXELS_MAX, PHOTO_SIDE_MAX, StageFailure } from "@similarfaces/contracts";
import { refusalOf } from "./refusedFormats.js";
import { checkTiff } from "./tiffPhoto.js";

export interface ImageHeader {
  /** MIME type by the first bytes, not by what the client says. */
  contentType: "image/jpeg" | "image/png" | "image/webp" | "image/avif" | "image/gif" | "image/tiff";
  /** As the header says, before any EXIF rotation. */
  size: { width: number; height: number };
}

/**
 * Type and size of a photo by its header; nothing is decoded.
 * @throws StageFailure empty_body, unsupported_type, unreadable_image or image_too_large
 */
export function readImageHeader(photo: Uint8Array): ImageHeader {
  if (photo.length === 0) throw new StageFailure("empty_body");
  const bytes = Buffer.from(photo.buffer, photo.byteOffset, photo.byteLength);
  const contentType = contentTypeOf(bytes);
  if (!contentType) throw new StageFailure("unsupported_type", refusalOf(bytes));
  if (contentType === "image/tiff") checkTiff(bytes);
  let size: { width: number; height: number };
  try {
    const { width, height } = imageSize(contentType === "image/avif" ? stillAvif(bytes) : bytes);
    size = { width, height };
  } catch (cause) {
    throw new StageFailure("unreadable_image", undefined, { cause });
  }
  const { width, height } = size;
  if (!(width >= 1 && height >= 1)) throw new StageFailure("unreadable_image");
  if (Math.max(width, height) > PHOTO_SIDE_MAX) {
    throw new StageFailure(
      "image_too_large",
      `The photo is ${width} by ${height} pixels; send one of at most ${PHOTO_SIDE_MAX} on a side.`,
    );
  }
  if (width * height > PHOTO_PIXELS_MAX) {
    throw new StageFailure(
      "image_too_large",
      `The photo has ${((width * height) / 1e6).toFixed(1)} megapixels; send one of at most ${PHOTO_PIXELS_MAX / 1e6}.`,
    );
  }
  return { contentType, size };
}

function contentTypeOf(bytes: Buffer): ImageHeader["contentType"] | undefined {
  const starts = (text: string, at = 0) => bytes.toString("latin1", at, at + text.length) === text;
  if (starts("\xff\xd8\xff")) return "image/jpeg";
  if (starts("\x89PNG\r\n\x1a\n")) return "image/png";
  if (starts("RIFF") && starts("WEBP", 8)) return "image/webp";
  if (starts("GIF87a") || starts("GIF89a")) return "image/gif";
  if (starts("II*\0") || starts("MM\0*")) return "image/tiff";
  if (starts("ftyp", 4) && /avif|avis/.test(bytes.toString("latin1", 8, 32))) return "image/avif";
  return undefined;
}

/** Its boxes with the sizes come before its pictures. */
const AVIF_HEAD_BYTES = 64 * 1024;

/** The head of an AVIF, an animated one's as that of the still one that it begins with: image-size knows no other. */
function stillAvif(bytes: Buffer): Buffer {
  if (bytes.toString("latin1", 8, 12) !== "avis") return bytes;
  const head = Buffer.from(bytes.subarray(0, AVIF_HEAD_BYTES));
  head.write("avif", 8, "latin1");
  return head;
}
