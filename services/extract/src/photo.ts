import sharp, { type Sharp } from "sharp";
import { JPEG_QUALITY, StageFailure } from "@similarfaces/contracts";
import type { Picture } from "@similarfaces/vision";

/** One decoded photo per thread of libuv's pool: stages run side by side anyway, and a cache would keep pixels. */
sharp.concurrency(1);
sharp.cache(false);
// Whatever else libvips could open (SVG, PDF, raw formats) is not a photo, and some of it can fetch and execute.
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({
  operation: [
    "VipsForeignLoadJpeg",
    "VipsForeignLoadPng",
    "VipsForeignLoadWebp",
    "VipsForeignLoadHeif",
    "VipsForeignLoadNsgif",
    "VipsForeignLoadTiff",
  ],
});

export const IMAGE_PIXELS_MAX = 60_000_000;
const DECODE_SECONDS_MAX = 30;

/**
 * The upright photo in sRGB: EXIF rotation applied, profiles, CMYK, grey and 16 bits converted, transparency on
 * white, the first frame of an animation.
 * @throws StageFailure undecodable_image for a damaged or cut-off file, image_too_large beyond 60 megapixels
 */
export async function decodePhoto(bytes: Uint8Array): Promise<Picture> {
  try {
    const { data, info } = await sharp(bytes, { failOn: "truncated", limitInputPixels: IMAGE_PIXELS_MAX })
      .timeout({ seconds: DECODE_SECONDS_MAX })
      .autoOrient()
      .flatten({ background: "#fff" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { pixels: data, width: info.width, height: info.height };
  } catch (cause) {
    const tooLarge = cause instanceof Error && cause.message.includes("exceeds pixel limit");
    throw new StageFailure(tooLarge ? "image_too_large" : "undecodable_image", undefined, { cause });
  }
}

/** A JPEG without any metadata. Huffman tables stay the standard ones: optimised ones save 5 % and double the time. */
export async function encodeJpeg(picture: Picture): Promise<Uint8Array> {
  return rawImage(picture).jpeg({ quality: JPEG_QUALITY, optimiseCoding: false }).toBuffer();
}

/** The picture, or a rectangle of it, at another size. Every source pixel counts; off the event loop. */
export async function resize(
  picture: Picture,
  { width, height }: { width: number; height: number },
  region?: { left: number; top: number; width: number; height: number },
): Promise<Picture> {
  const source = region ? rawImage(picture).extract(region) : rawImage(picture);
  const pixels = await source.resize(width, height, { fit: "fill", kernel: "linear" }).raw().toBuffer();
  return { pixels, width, height };
}

function rawImage({ pixels, width, height }: Picture): Sharp {
  return sharp(pixels, { raw: { width, height, channels: 3 }, limitInputPixels: false });
}
