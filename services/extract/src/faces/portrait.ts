import {
  PORTRAIT_BYTES_MAX,
  PortraitSchema,
  create,
  type Face,
  type Portrait,
} from "@similarfaces/contracts";
import type { Box, Picture, Region } from "@similarfaces/vision";
import { encodeJpeg, extend, resize, turnQuarters, warpSquare, type Colour } from "../photo/picture.js";
import { coverFaces } from "./coverFaces.js";
import { landmarksOf } from "./extracted.js";
import {
  eyesIn,
  portraitSquare,
  quartersOf,
  reachOf,
  type FaceToShow,
  type PortraitSquare,
} from "./portraitSquare.js";

/** What bicubic sampling reads around a turned square, pixels. */
const PAD = 3;
/** Of JPEG; the first one whose result is small enough is taken, and noise alone takes more than one. */
const QUALITIES = [88, 60, 30];

/** The portrait of a face that was found. */
export type PortraitOf = (face: Face) => Promise<Portrait>;

/** Portraits out of a photo. @param boxes of all faces in it, in the order of their index */
export function portraitsOf(photo: Picture, boxes: readonly Box<"image">[]): PortraitOf {
  return (face) => {
    const others = boxes.filter((_, index) => index !== face.index);
    return cutPortrait(photo, { box: face.box!, landmarks: landmarksOf(face) }, others);
  };
}

/**
 * The portrait of one face, for people to look at: a square of the photo with the face's surroundings in it, stood upright by the five points,
 * the faces of others covered. Of a face that stands upright no pixel is sampled twice. All arithmetic on pixels is done by libvips, off the
 * event loop.
 * @param others boxes of the other faces, in pixels of the photo
 */
export async function cutPortrait(
  photo: Picture,
  face: FaceToShow,
  others: readonly Box<"image">[],
): Promise<Portrait> {
  const square = portraitSquare(face, photo);
  const cut = await cutAround(photo, square);
  const covered = await coverFaces(cut, face.box, others);
  return create(PortraitSchema, {
    jpeg: await smallJpeg(await standUpright(covered, square, cut.beyond)),
    eyes: eyesIn(square, face.landmarks),
  });
}

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
async function cutAround(photo: Picture, square: PortraitSquare): Promise<Cut> {
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

async function standUpright(
  { picture, ...cut }: Cut,
  square: PortraitSquare,
  beyond: Colour,
): Promise<Picture> {
  const quarters = quartersOf(square);
  if (quarters === 0) return picture;
  if (quarters !== undefined) return turnQuarters(picture, quarters);
  const { size, side, turn } = square;
  const scale = size / side / cut.scaleX;
  const [a, b] = [Math.cos(turn) * scale, Math.sin(turn) * scale];
  // The square's middle, as a pixel of the cut and as one of the portrait.
  const x = (square.x - cut.left) * cut.scaleX - 0.5;
  const y = (square.y - cut.top) * cut.scaleY - 0.5;
  const middle = size / 2 - 0.5;
  return warpSquare(
    picture,
    { a, b, tx: middle - (a * x - b * y), ty: middle - (b * x + a * y) },
    size,
    beyond,
  );
}

async function meanColour(photo: Picture, region: Region): Promise<Colour> {
  const { pixels } = await resize(photo, { width: 1, height: 1 }, { region });
  const [r = 0, g = 0, b = 0] = pixels;
  return { r, g, b };
}

/** Within what the gallery takes. */
async function smallJpeg(portrait: Picture): Promise<Uint8Array> {
  let jpeg = new Uint8Array();
  for (const quality of QUALITIES) {
    jpeg = new Uint8Array(await encodeJpeg(portrait, quality));
    if (jpeg.length <= PORTRAIT_BYTES_MAX) break;
  }
  return jpeg;
}
