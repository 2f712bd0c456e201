import {
  PORTRAIT_BYTES_MAX,
  PortraitSchema,
  create,
  type Face,
  type Portrait,
} from "@similarfaces/contracts";
import type { Box, Picture } from "@similarfaces/vision";
import { encodeJpeg, turnQuarters, warpSquare } from "../photo/picture.js";
import { coverFaces } from "./coverFaces.js";
import { landmarksOf } from "./extracted.js";
import { cutAround, type Cut } from "./portraitCut.js";
import {
  eyesIn,
  portraitSquare,
  quartersOf,
  type FaceToShow,
  type PortraitSquare,
} from "./portraitSquare.js";

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
    jpeg: await smallJpeg(await standUpright(covered, square)),
    eyes: eyesIn(square, face.landmarks),
  });
}

async function standUpright({ picture, ...cut }: Cut, square: PortraitSquare): Promise<Picture> {
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
    cut.beyond,
  );
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
