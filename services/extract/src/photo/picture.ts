import type { Sharp } from "sharp";
import { JPEG_QUALITY } from "@similarfaces/contracts";
import type { Picture } from "@similarfaces/vision";
import sharp from "./libvips.js";

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
