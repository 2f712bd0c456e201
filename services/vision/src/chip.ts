import { CHIP_SIDE, invertSimilarity, type Similarity } from "./align.js";
import type { Picture, Size } from "./geometry.js";

/**
 * The least scale (chip pixels per picture pixel) at which bilinear sampling steps over no pixel. Below it the picture
 * is to be shrunk first; the models were trained on chips of pictures shrunk to exactly this scale.
 */
export const CHIP_SCALE_MIN = 0.5;

/** A rectangle of whole pixels. */
export interface Region extends Size {
  readonly left: number;
  readonly top: number;
}

/** The part of a picture that a chip shows, with two pixels to spare, cut at the picture's borders; never empty. */
export function chipRegion(toChip: Similarity, { width, height }: Size): Region {
  const { a, b, tx, ty } = invertSimilarity(toChip);
  const last = CHIP_SIDE - 1;
  const xs = [0, a * last, -b * last, (a - b) * last].map((x) => x + tx);
  const ys = [0, b * last, a * last, (a + b) * last].map((y) => y + ty);
  const left = clamp(Math.floor(Math.min(...xs)) - 2, width - 1);
  const top = clamp(Math.floor(Math.min(...ys)) - 2, height - 1);
  const right = clamp(Math.ceil(Math.max(...xs)) + 3, width);
  const bottom = clamp(Math.ceil(Math.max(...ys)) + 3, height);
  return { left, top, width: Math.max(1, right - left), height: Math.max(1, bottom - top) };
}

/**
 * The aligned face: 144x144 RGB, sampled from a picture by the transform from its pixels to the chip's. Bilinear,
 * borders replicated. Integer coordinates are pixel centres, as in OpenCV's warpAffine. The scale of the transform
 * should be CHIP_SCALE_MIN or more.
 */
export function warpChip({ pixels: source, width, height }: Picture, toChip: Similarity): Uint8Array {
  const { a, b, tx, ty } = invertSimilarity(toChip);
  const chip = new Uint8Array(CHIP_SIDE * CHIP_SIDE * 3);
  const right = width - 1;
  const bottom = height - 1;
  const stride = width * 3;
  let to = 0;
  for (let v = 0; v < CHIP_SIDE; v++) {
    for (let u = 0; u < CHIP_SIDE; u++, to += 3) {
      // Clamping the coordinate is what replicates the border.
      const x = Math.min(Math.max(a * u - b * v + tx, 0), right);
      const y = Math.min(Math.max(b * u + a * v + ty, 0), bottom);
      const column = x | 0;
      const row = y | 0;
      const upper = row * stride + column * 3;
      const lower = row < bottom ? upper + stride : upper;
      const next = column < right ? 3 : 0;
      const lowerRight = (x - column) * (y - row);
      const upperRight = x - column - lowerRight;
      const lowerLeft = y - row - lowerRight;
      const upperLeft = 1 - upperRight - lowerLeft - lowerRight;
      // Written out per channel: a loop over three costs half as much again.
      chip[to] =
        source[upper]! * upperLeft +
        source[upper + next]! * upperRight +
        source[lower]! * lowerLeft +
        source[lower + next]! * lowerRight +
        0.5;
      chip[to + 1] =
        source[upper + 1]! * upperLeft +
        source[upper + next + 1]! * upperRight +
        source[lower + 1]! * lowerLeft +
        source[lower + next + 1]! * lowerRight +
        0.5;
      chip[to + 2] =
        source[upper + 2]! * upperLeft +
        source[upper + next + 2]! * upperRight +
        source[lower + 2]! * lowerLeft +
        source[lower + next + 2]! * lowerRight +
        0.5;
    }
  }
  return chip;
}

function clamp(value: number, max: number): number {
  return Math.min(Math.max(value, 0), max);
}
