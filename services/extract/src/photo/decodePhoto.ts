import { PHOTO_PIXELS_MAX, PHOTO_SIDE_MAX, StageFailure } from "@similarfaces/contracts";
import { decodeApart } from "./decodeApart.js";
import type { DecodedPhoto } from "./decodedPhoto.js";
import { decodePixels } from "./decodePixels.js";
import sharp from "./libvips.js";
import { refuseBombs } from "./refuseBombs.js";
import { isLargePhoto } from "./weight.js";

/**
 * The time that a decode may take by the clock. What is decoded row by row, or is small, takes a tenth of it at most on an idle core;
 * sharp looks at the clock between rows.
 */
const DECODE_SECONDS_MAX = 3;
/**
 * What is decoded apart has its limit in processor time, so that a busy machine fails no honest photo. AVIF of 60 megapixels takes
 * from 2 to 5 seconds, and in proportion.
 */
const APART_SECONDS_PER_MEGAPIXEL = 0.1;

/** The photo as libvips reads its header. The gateway reads it with another parser, which may find another size. */
interface Header {
  format: string;
  width: number;
  height: number;
  isProgressive: boolean;
}

export interface DecodeOptions {
  /** The size by the gateway's reading of the header, pixels: a photo that was admitted as a small one has to be one. */
  size?: { width: number; height: number } | undefined;
  signal?: AbortSignal;
}

/**
 * The upright photo in sRGB: EXIF rotation applied, profiles, CMYK, grey and 16 bits converted, transparency on
 * white, the first frame of an animation. A JPEG that ends too early is decoded as far as it goes, where next to all of it is there.
 * @throws StageFailure undecodable_image for a damaged or cut-off file, or one that takes too long; image_too_large beyond 60
 * megapixels or 20,000 pixels on a side
 */
export async function decodePhoto(upload: Uint8Array, options: DecodeOptions = {}): Promise<DecodedPhoto> {
  refuseBombs(upload);
  const bytes = asStill(upload);
  const header = await readHeader(bytes);
  refuseSize(header, options.size);
  if (!isDecodedApart(header)) return decodePixels(bytes, DECODE_SECONDS_MAX);
  const megapixels = (header.width * header.height) / 1e6;
  return decodeApart(bytes, DECODE_SECONDS_MAX + APART_SECONDS_PER_MEGAPIXEL * megapixels, options.signal);
}

/**
 * An animated AVIF as the still one that it begins with: libvips knows the kind of a file by its major brand (ISO/IEC 14496-12, 4.3), and none
 * of animations.
 */
function asStill(upload: Uint8Array): Uint8Array {
  if (Buffer.from(upload.subarray(4, 12)).toString("latin1") !== "ftypavis") return upload;
  const still = Buffer.from(upload);
  still.write("avif", 8, "latin1");
  return still;
}

async function readHeader(bytes: Uint8Array): Promise<Header> {
  try {
    const { format, width, height, isProgressive } = await sharp(bytes, {
      limitInputPixels: false,
    }).metadata();
    return { format, width, height, isProgressive: isProgressive === true };
  } catch (cause) {
    throw new StageFailure("undecodable_image", undefined, { cause });
  }
}

function refuseSize({ format, width, height }: Header, declared: DecodeOptions["size"]): void {
  const isTooLarge = Math.max(width, height) > PHOTO_SIDE_MAX || width * height > PHOTO_PIXELS_MAX;
  if (isTooLarge) {
    throw new StageFailure(
      "image_too_large",
      `The photo is ${width} by ${height} pixels; send one of at most ${PHOTO_PIXELS_MAX / 1e6} megapixels and ${PHOTO_SIDE_MAX} on a side.`,
    );
  }
  // It was admitted as a small photo. The header of an AVIF may give the size of its tiles, and all of them count as large anyway.
  if (declared && format !== "heif" && isLargePhoto({ width, height }) && !isLargePhoto(declared)) {
    throw new StageFailure(
      "undecodable_image",
      `The file says ${declared.width} by ${declared.height} pixels and holds ${width} by ${height}; export the photo again.`,
    );
  }
}

/**
 * What libvips decodes in one call ends when it ends: sharp's limit would only throw away what has been computed. For most of these
 * the header bounds what that is. An AVIF may hold any number of frames in its one picture, so it is always decoded apart.
 */
function isDecodedApart({ format, width, height, isProgressive }: Header): boolean {
  if (format === "heif") return true;
  const inOneCall = isProgressive || format === "webp" || format === "gif";
  return inOneCall && isLargePhoto({ width, height });
}
