import { invertSimilarity, type Similarity } from "./align.js";
import type { Size } from "./geometry.js";

/**
 * Where a square takes its pixels from: pixel u, v of it lies at x + xu u + xv v, y + yu u + yv v of a picture. Whole numbers are pixel
 * centres on both sides, as in OpenCV.
 */
export interface Sampling {
  readonly x: number;
  readonly y: number;
  readonly xu: number;
  readonly xv: number;
  readonly yu: number;
  readonly yv: number;
}

/** A rectangle of whole pixels. */
export interface Region extends Size {
  readonly left: number;
  readonly top: number;
}

/** Of the square that a similarity takes a picture to. */
export function samplingOf(toSquare: Similarity): Sampling {
  const { a, b, tx, ty } = invertSimilarity(toSquare);
  return { x: tx, y: ty, xu: a, xv: -b, yu: b, yv: a };
}

/** Pixels of the picture from one pixel of the square to the next. */
export function stepOf({ xu, yu }: Sampling): number {
  return Math.hypot(xu, yu);
}

/** The same square, taken from a region of the picture that has been scaled to `size`. */
export function samplingIn({ x, y, xu, xv, yu, yv }: Sampling, region: Region, size: Size): Sampling {
  const across = size.width / region.width;
  const down = size.height / region.height;
  return {
    x: (x + 0.5 - region.left) * across - 0.5,
    y: (y + 0.5 - region.top) * down - 0.5,
    xu: xu * across,
    xv: xv * across,
    yu: yu * down,
    yv: yv * down,
  };
}

/**
 * The part of a picture that a square of `side` pixels is made of, with `spare` pixels all round, cut at the picture's borders; never empty.
 */
export function regionOf(
  { x, y, xu, xv, yu, yv }: Sampling,
  side: number,
  { width, height }: Size,
  spare = 2,
): Region {
  const last = side - 1;
  const xs = [0, xu * last, xv * last, (xu + xv) * last];
  const ys = [0, yu * last, yv * last, (yu + yv) * last];
  const left = clamp(Math.floor(x + Math.min(...xs)) - spare, width - 1);
  const top = clamp(Math.floor(y + Math.min(...ys)) - spare, height - 1);
  const right = clamp(Math.ceil(x + Math.max(...xs)) + spare + 1, width);
  const bottom = clamp(Math.ceil(y + Math.max(...ys)) + spare + 1, height);
  return { left, top, width: Math.max(1, right - left), height: Math.max(1, bottom - top) };
}

function clamp(value: number, max: number): number {
  return Math.min(Math.max(value, 0), max);
}
