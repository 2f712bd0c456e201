import { PHOTO_PIXELS_MAX, StageFailure } from "@similarfaces/contracts";
import type { Picture } from "@similarfaces/vision";
import sharp from "./libvips.js";

/**
 * Decodes in this process, on one thread of libuv's pool.
 * @throws StageFailure undecodable_image, also beyond `secondsMax` by the clock where one is given
 */
export async function decodePixels(bytes: Uint8Array, secondsMax?: number): Promise<Picture> {
  const photo = sharp(bytes, { failOn: "truncated", limitInputPixels: PHOTO_PIXELS_MAX });
  if (secondsMax !== undefined) photo.timeout({ seconds: secondsMax });
  try {
    const { data, info } = await photo
      .autoOrient()
      .flatten({ background: "#fff" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { pixels: data, width: info.width, height: info.height };
  } catch (cause) {
    const isTooSlow = cause instanceof Error && cause.message.includes("timeout: ");
    throw isTooSlow ? tooSlow(cause) : new StageFailure("undecodable_image", undefined, { cause });
  }
}

export function tooSlow(cause?: Error): StageFailure {
  return new StageFailure(
    "undecodable_image",
    "Decoding the photo takes too long; export it again, as a JPEG.",
    { cause },
  );
}
