import type { Picture, Region } from "@similarfaces/vision";
import { extend, resize, type Colour } from "../photo/picture.js";
import { quartersOf, reachOf, type PortraitSquare } from "./portraitSquare.js";

/** What bicubic sampling reads around a turned square, pixels. */
const PAD = 3;

/** A part of a photo at another scale, around a portrait's square. */
export interface Cut {
  readonly picture: Picture;
  /** Of the picture's top left corner, in pixels of the photo. */
  readonly left: number;
  readonly top: number;
  /** Pixels of the picture per pixel of the photo, along either axis. */
  readonly scaleX: number;
  readonly scaleY: number;
  /** What stands where no photo is: its mean colour there. */
  readonly beyond: Colour;
}

/** The part of the photo that the square needs: shrunk to the portrait's scale, and at its size already where it is not turned. */
export async function cutAround(photo: Picture, square: PortraitSquare): Promise<Cut> {
  const isStraight = quartersOf(square) !== undefined;
  const reach = reachOf(square) + (isStraight ? 0 : PAD);
  const [left, top] = [Math.floor(square.x - reach), Math.floor(square.y - reach)];
  const [right, bottom] = [Math.ceil(square.x + reach), Math.ceil(square.y + reach)];
  const region: Region = {
    left: Math.max(0, left),
    top: Math.max(0, top),
    width: Math.min(photo.width, right) - Math.max(0, left),
    height: Math.min(photo.height, bottom) - Math.max(0, top),
  };
  const scale = square.size / square.side;
  // A turned square is enlarged as it is turned.
  const factor = isStraight ? scale : Math.min(1, scale);
  const size = {
    width: Math.max(1, Math.round(region.width * factor)),
    height: Math.max(1, Math.round(region.height * factor)),
  };
  const [scaleX, scaleY] = [size.width / region.width, size.height / region.height];
  const [picture, beyond] = await Promise.all([
    resize(photo, size, { region, kernel: factor > 1 ? "cubic" : "linear" }),
    meanColour(photo, region),
  ]);
  const borders = {
    left: Math.ceil((region.left - left) * scaleX),
    top: Math.ceil((region.top - top) * scaleY),
    right: Math.ceil((right - region.left - region.width) * scaleX),
    bottom: Math.ceil((bottom - region.top - region.height) * scaleY),
  };
  const isWhole = Object.values(borders).every((border) => border === 0);
  return {
    picture: isWhole ? picture : await extend(picture, borders, beyond),
    left: region.left - borders.left / scaleX,
    top: region.top - borders.top / scaleY,
    scaleX,
    scaleY,
    beyond,
  };
}

async function meanColour(photo: Picture, region: Region): Promise<Colour> {
  const { pixels } = await resize(photo, { width: 1, height: 1 }, { region });
  const [r = 0, g = 0, b = 0] = pixels;
  return { r, g, b };
}
