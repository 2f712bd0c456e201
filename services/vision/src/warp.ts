import type { Picture } from "./geometry.js";
import type { Sampling } from "./sampling.js";

/**
 * A square of `side` pixels, RGB, uint8, row by row, written to `into`: sampled bilinearly, borders replicated, as OpenCV's warpAffine
 * with INTER_LINEAR and BORDER_REPLICATE. Where the sampling steps over more than two pixels, the picture is to be shrunk first.
 */
export function warp(
  { pixels: source, width, height }: Picture,
  sampling: Sampling,
  side: number,
  into: Uint8Array,
): void {
  const { xu, yu } = sampling;
  const right = width - 1;
  const bottom = height - 1;
  const stride = width * 3;
  let to = 0;
  for (let v = 0; v < side; v++) {
    const rowX = sampling.x + sampling.xv * v;
    const rowY = sampling.y + sampling.yv * v;
    for (let u = 0; u < side; u++, to += 3) {
      // Clamping the coordinate is what replicates the border.
      const x = Math.min(Math.max(rowX + xu * u, 0), right);
      const y = Math.min(Math.max(rowY + yu * u, 0), bottom);
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
      into[to] =
        source[upper]! * upperLeft +
        source[upper + next]! * upperRight +
        source[lower]! * lowerLeft +
        source[lower + next]! * lowerRight +
        0.5;
      into[to + 1] =
        source[upper + 1]! * upperLeft +
        source[upper + next + 1]! * upperRight +
        source[lower + 1]! * lowerLeft +
        source[lower + next + 1]! * lowerRight +
        0.5;
      into[to + 2] =
        source[upper + 2]! * upperLeft +
        source[upper + next + 2]! * upperRight +
        source[lower + 2]! * lowerLeft +
        source[lower + next + 2]! * lowerRight +
        0.5;
    }
  }
}
