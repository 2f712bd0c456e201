import { imageSize } from "image-size";
import { PHOTO_PIXELS_MAX, PHOTO_SIDE_MAX, StageFailure } from "@similarfaces/contracts";

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
export function readImageHeader(bytes: Uint8Array): ImageHeader {
  if (bytes.length === 0) throw new StageFailure("empty_body");
  const contentType = contentTypeOf(bytes);
  if (!contentType) throw new StageFailure("unsupported_type", refusalOf(bytes));
  let size: { width: number; height: number };
  try {
    const { width, height } = imageSize(bytes);
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

function contentTypeOf(bytes: Uint8Array): ImageHeader["contentType"] | undefined {
  const starts = (text: string, at = 0) => latin1(bytes, at, text.length) === text;
  if (starts("\xff\xd8\xff")) return "image/jpeg";
  if (starts("\x89PNG\r\n\x1a\n")) return "image/png";
  if (starts("RIFF") && starts("WEBP", 8)) return "image/webp";
  if (starts("GIF87a") || starts("GIF89a")) return "image/gif";
  if (starts("II*\0") || starts("MM\0*")) return "image/tiff";
  if (starts("ftyp", 4) && /avif|avis/.test(latin1(bytes, 8, 24))) return "image/avif";
  return undefined;
}

/** What the file seems to be instead, and what to do. */
function refusalOf(bytes: Uint8Array): string {
  const head = latin1(bytes, 0, 256).trimStart().toLowerCase();
  const takes = "JPEG, PNG, WebP, AVIF, GIF and TIFF photos are taken";
  if (head.slice(4, 8) === "ftyp")
    return `This is a HEIC or another ISO media file; ${takes}. Export it as JPEG.`;
  if (head.startsWith("%pdf")) return `This is a PDF; ${takes}.`;
  if (/^(<\?xml|<svg|<!doctype svg)/.test(head)) return `This is a drawing or XML, not a photo; ${takes}.`;
  return `This is no photo by its first bytes; ${takes}.`;
}

function latin1(bytes: Uint8Array, from: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    "latin1",
    from,
    from + length,
  );
}
