import {
  ARCFACE_SIDE,
  samplingIn,
  samplingOf,
  scaleOf,
  similarityToChip,
  stepOf,
  warpCubic,
  type Landmarks,
  type Picture,
  type Similarity,
} from "@similarfaces/vision";
import { chipBytes, type Face } from "@similarfaces/contracts";
import { cutSquare } from "./cutSquare.js";
import { landmarksOf } from "./extracted.js";
import type { Views } from "./views.js";

/** Enlarged by more than this, chips are sampled by cubic convolution: the embedder was trained so. */
const ENLARGED = 1.5;

/** The chips of a photo's faces, each cut when it is first asked for. */
export interface Chips {
  readonly count: number;
  /** Pixels of a side. */
  readonly side: number;
  /** RGB, uint8, row by row. */
  chip(face: number): Promise<Uint8Array>;
}

export function chipsOf(views: Views, faces: readonly Face[], side: number): Chips {
  const cut: Promise<Uint8Array>[] = [];
  return {
    count: faces.length,
    side,
    chip: (face) => (cut[face] ??= cutChip(views, landmarksOf(faces[face]!), side)),
  };
}

/** All chips one below the other, face 0 at the top. */
export async function sheetOf(chips: Chips): Promise<Picture> {
  const { count, side } = chips;
  const pixels = new Uint8Array(count * chipBytes(side));
  for (let face = 0; face < count; face++) pixels.set(await chips.chip(face), face * chipBytes(side));
  return { pixels, width: side, height: count * side };
}

/**
 * The aligned face, `side` x `side` RGB with the ArcFace frame in its middle, of landmarks in photo pixels. It is cut from the smallest view
 * of the photo that has twice its detail, mostly the original.
 */
export async function cutChip(
  views: Views,
  landmarks: Landmarks<"image">,
  side: number,
): Promise<Uint8Array> {
  const { photo } = views;
  const toChip = align(landmarks, side);
  const view = views.atLeast(2 * scaleOf(toChip));
  const { width, height } = photo;
  const sampling = samplingIn(samplingOf(toChip), { left: 0, top: 0, width, height }, view);
  const chip = new Uint8Array(chipBytes(side));
  if (stepOf(sampling) * ENLARGED < 1) warpCubic(view, sampling, side, new Uint8ClampedArray(chip.buffer));
  else await cutSquare(view, sampling, side, chip);
  return chip;
}

/** The similarity that takes a face's landmarks into its chip. */
export function align(landmarks: Landmarks<"image">, side = ARCFACE_SIDE): Similarity {
  const toChip = similarityToChip(landmarks, side);
  if (!toChip) throw new RangeError("five landmarks in one place: finding lets none of these through");
  return toChip;
}
