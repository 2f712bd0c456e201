import { CHIP_SIDE, invertSimilarity, scaleOf, type Similarity } from "./align.js";
import type { Picture } from "./geometry.js";

/**
 * How often the photo is to be halved before a chip is cut from it: bilinear sampling below half the scale would
 * step over pixels. 0 from a scale of 0.5 on; after the halvings the scale is at least 0.5 and less than 1.
 */
export function halvingsFor(toChip: Similarity): number {
  return Math.max(0, Math.ceil(Math.log2(0.5 / scaleOf(toChip)) - 1e-9));
}

/**
 * The aligned face: 144x144 RGB, sampled from a picture by the transform from its pixels to the chip's. Bilinear,
 * borders replicated. Integer coordinates are pixel centres, as in OpenCV's warpAffine. The scale of the transform
 * should be 0.5 or more (`halvingsFor`).
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
