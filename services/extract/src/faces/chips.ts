import {
  CHIP_SCALE_MIN,
  chipRegion,
  mapLandmarks,
  scaleOf,
  similarityFromLandmarks,
  warpChip,
  type Landmarks,
  type Picture,
  type Region,
  type Similarity,
  type Size,
} from "@similarfaces/vision";
import { CHIP_BYTES, CHIP_SIDE, type Face } from "@similarfaces/contracts";
import { landmarksOf } from "./extracted.js";
import { resize } from "../photo/picture.js";
import type { Views } from "./views.js";

/** The chips of a photo's faces, each cut when it is first asked for. */
export interface Chips {
  readonly count: number;
  /** 144x144 RGB, uint8, row by row. */
  chip(face: number): Promise<Uint8Array>;
}

export function chipsOf(views: Views, faces: readonly Face[]): Chips {
  const cut: Promise<Uint8Array>[] = [];
  return {
    count: faces.length,
    chip: (face) => (cut[face] ??= cutChip(views, landmarksOf(faces[face]!))),
  };
}

/** All chips one below the other: 144 pixels wide, face 0 at the top. */
export async function sheetOf(chips: Chips): Promise<Picture> {
  const pixels = new Uint8Array(chips.count * CHIP_BYTES);
  for (let face = 0; face < chips.count; face++) pixels.set(await chips.chip(face), face * CHIP_BYTES);
  return { pixels, width: CHIP_SIDE, height: chips.count * CHIP_SIDE };
}

/**
 * The aligned face, 144x144 RGB, of landmarks in photo pixels. It is cut from the smallest view of the photo that
 * still has its detail, mostly the original; what lies under a large face is first shrunk to twice the chip's
 * resolution, off the event loop.
 */
export async function cutChip(views: Views, landmarks: Landmarks<"image">): Promise<Uint8Array> {
  const view = views.atLeast(scaleOf(align(landmarks)));
  const inView = moved(landmarks, { left: 0, top: 0, ...sizeOf(views.photo) }, view);
  const toChip = align(inView);
  const scale = scaleOf(toChip);
  if (scale >= CHIP_SCALE_MIN) return warpChip(view, toChip);

  const region = chipRegion(toChip, view);
  const factor = scale / CHIP_SCALE_MIN;
  const size = {
    width: Math.max(1, Math.round(region.width * factor)),
    height: Math.max(1, Math.round(region.height * factor)),
  };
  const shrunk = await resize(view, size, region);
  return warpChip(shrunk, align(moved(inView, region, size)));
}

/** The similarity that takes a face's landmarks into its chip. */
export function align(landmarks: Landmarks<"image">): Similarity {
  const toChip = similarityFromLandmarks(landmarks);
  if (!toChip) throw new RangeError("five landmarks in one place: detection lets none of these through");
  return toChip;
}

/** Landmarks in a region of a picture that has been scaled to `size`. Whole numbers are pixel centres throughout. */
function moved(landmarks: Landmarks<"image">, from: Region, size: Size): Landmarks<"image"> {
  return mapLandmarks(landmarks, ({ x, y }) => ({
    x: ((x + 0.5 - from.left) * size.width) / from.width - 0.5,
    y: ((y + 0.5 - from.top) * size.height) / from.height - 0.5,
  }));
}

function sizeOf({ width, height }: Picture): Size {
  return { width, height };
}
