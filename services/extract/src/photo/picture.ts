import type { Sharp } from "sharp";
import { JPEG_QUALITY } from "@similarfaces/contracts";
import type { Picture, Region, Similarity, Size } from "@similarfaces/vision";
import sharp from "./libvips.js";

/** For libvips, 0..255 each. */
export interface Colour {
  readonly r: number;
  readonly g: number;
  readonly b: number;
}

/** A JPEG without any metadata. Huffman tables stay the standard ones: optimised ones save 5 % and double the time. */
export async function encodeJpeg(picture: Picture, quality = JPEG_QUALITY): Promise<Uint8Array> {
  return rawImage(picture).jpeg({ quality, optimiseCoding: false }).toBuffer();
}

/** The picture, or a rectangle of it, at another size. Every source pixel counts; off the event loop. */
export async function resize(
  picture: Picture,
  { width, height }: Size,
  { region, kernel = "linear" }: { region?: Region; kernel?: "linear" | "cubic" } = {},
): Promise<Picture> {
  const source = region ? rawImage(picture).extract(region) : rawImage(picture);
  const pixels = await source.resize(width, height, { fit: "fill", kernel }).raw().toBuffer();
  return { pixels, width, height };
}

/** The picture with borders of one colour. */
export async function extend(
  picture: Picture,
  borders: { left: number; top: number; right: number; bottom: number },
  colour: Colour,
): Promise<Picture> {
  return pictureOf(rawImage(picture).extend({ ...borders, background: colour }));
}

/** The picture turned clockwise by whole quarters. */
export async function turnQuarters(picture: Picture, quarters: number): Promise<Picture> {
  return pictureOf(rawImage(picture).rotate(90 * quarters));
}

/**
 * A square of a picture under a similarity from its pixels to the square's, whole numbers being pixel centres in both: bicubic, one colour beyond
 * the picture, which has to reach around the square. Its scale should not be below a half, where bicubic sampling steps over pixels.
 */
export async function warpSquare(
  picture: Picture,
  { a, b, tx, ty }: Similarity,
  size: number,
  colour: Colour,
): Promise<Picture> {
  const { width, height } = picture;
  // libvips makes the picture that holds all of the source, moved by no more than a part of a pixel: its first pixel is the least of the
  // corners, rounded. Whole pixels are what is cut off.
  const [wholeX, wholeY] = [Math.floor(tx), Math.floor(ty)];
  const move = { odx: tx - wholeX, ody: ty - wholeY };
  const warped = await pictureOf(
    rawImage(picture).affine([a, -b, b, a], { ...move, background: colour, interpolator: "bicubic" }),
  );
  const left = -wholeX - Math.round(Math.min(0, a * width, -b * height, a * width - b * height));
  const top = -wholeY - Math.round(Math.min(0, b * width, a * height, b * width + a * height));
  return pictureOf(rawImage(warped).extract({ left, top, width: size, height: size }));
}

async function pictureOf(image: Sharp): Promise<Picture> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { pixels: data, width: info.width, height: info.height };
}

function rawImage({ pixels, width, height }: Picture): Sharp {
  return sharp(pixels, { raw: { width, height, channels: 3 }, limitInputPixels: false });
}
