import type { Landmarks, Point, Space } from "./geometry.js";

/** Pixels of a side of the ArcFace frame. Chips that are larger have it in their middle. */
export const ARCFACE_SIDE = 112;

/** Where the landmarks of an aligned face lie in the ArcFace frame (insightface, face_align.py, arcface_dst). */
const ARCFACE: Landmarks<"chip"> = {
  leftEye: { x: 38.2946, y: 51.6963 },
  rightEye: { x: 73.5318, y: 51.5014 },
  nose: { x: 56.0252, y: 71.7366 },
  leftMouth: { x: 41.5493, y: 92.3655 },
  rightMouth: { x: 70.7299, y: 92.2041 },
};

/** A rotation with one scale, hypot(a, b), and a move: x' = a x - b y + tx, y' = b x + a y + ty. */
export interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly tx: number;
  readonly ty: number;
}

/**
 * The similarity that takes landmarks onto the ArcFace frame in the middle of a chip of this side (pixels), with the least
 * squared error. In the plane the solution of Umeyama (1991, "Least-squares estimation of transformation parameters between
 * two point patterns"; never a reflection) is one complex division: with points as complex numbers about their
 * means, a + bi = sum(conj(source) target) / sum(|source|^2). Undefined for five points in one place.
 */
export function similarityToChip<S extends Space>(
  landmarks: Landmarks<S>,
  side: number,
): Similarity | undefined {
  const sources = pointsOf(landmarks);
  const targets = pointsOf(ARCFACE);
  const from = mean(sources);
  const to = mean(targets);
  let squares = 0;
  let real = 0;
  let imaginary = 0;
  for (const [i, source] of sources.entries()) {
    const [sx, sy] = [source.x - from.x, source.y - from.y];
    const [dx, dy] = [targets[i]!.x - to.x, targets[i]!.y - to.y];
    squares += sx * sx + sy * sy;
    real += sx * dx + sy * dy;
    imaginary += sx * dy - sy * dx;
  }
  const a = real / squares;
  const b = imaginary / squares;
  const scale = Math.hypot(a, b);
  if (!(scale > 1e-9 && scale < 1e9)) return undefined;
  const margin = (side - ARCFACE_SIDE) / 2;
  return {
    a,
    b,
    tx: to.x - (a * from.x - b * from.y) + margin,
    ty: to.y - (b * from.x + a * from.y) + margin,
  };
}

/** Target pixels per source pixel. */
export function scaleOf({ a, b }: Similarity): number {
  return Math.hypot(a, b);
}

export function invertSimilarity({ a, b, tx, ty }: Similarity): Similarity {
  const squares = a * a + b * b;
  return {
    a: a / squares,
    b: -b / squares,
    tx: -(a * tx + b * ty) / squares,
    ty: (b * tx - a * ty) / squares,
  };
}

/** In the order of the fields: left eye, right eye, nose, left and right mouth corner. */
export function pointsOf<S extends Space>({
  leftEye,
  rightEye,
  nose,
  leftMouth,
  rightMouth,
}: Landmarks<S>): Point<S>[] {
  return [leftEye, rightEye, nose, leftMouth, rightMouth];
}

export function mean<S extends Space>(all: readonly Point<S>[]): Point<S> {
  return {
    x: all.reduce((sum, { x }) => sum + x, 0) / all.length,
    y: all.reduce((sum, { y }) => sum + y, 0) / all.length,
  };
}
