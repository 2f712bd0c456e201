import type { Landmarks, Point, Space } from "./geometry.js";

/** A chip is 144x144 RGB: the 112x112 ArcFace frame with 16 pixels of margin all round, for hair and chin. */
export const CHIP_SIDE = 144;
const MARGIN = 16;

/**
 * Where the landmarks of an aligned face lie in the chip: ArcFace's reference points of the 112x112 frame
 * (insightface, face_align.py, arcface_dst) moved by the margin.
 */
const CHIP_LANDMARKS: Landmarks<"chip"> = {
  leftEye: { x: 38.2946 + MARGIN, y: 51.6963 + MARGIN },
  rightEye: { x: 73.5318 + MARGIN, y: 51.5014 + MARGIN },
  nose: { x: 56.0252 + MARGIN, y: 71.7366 + MARGIN },
  leftMouth: { x: 41.5493 + MARGIN, y: 92.3655 + MARGIN },
  rightMouth: { x: 70.7299 + MARGIN, y: 92.2041 + MARGIN },
};

/** A rotation with one scale, hypot(a, b), and a move: x' = a x - b y + tx, y' = b x + a y + ty. */
export interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly tx: number;
  readonly ty: number;
}

/**
 * The similarity that takes landmarks onto `target`, by default the chip's own, with the least squared
 * error. In the plane the solution of Umeyama (1991, "Least-squares estimation of transformation parameters between
 * two point patterns"; never a reflection) is one complex division: with points as complex numbers about their
 * means, a + bi = sum(conj(source) target) / sum(|source|^2). Undefined for five points in one place.
 */
export function similarityFromLandmarks<S extends Space>(
  landmarks: Landmarks<S>,
  target: Landmarks<"chip"> = CHIP_LANDMARKS,
): Similarity | undefined {
  const sources = points(landmarks);
  const targets = points(target);
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
  return { a, b, tx: to.x - (a * from.x - b * from.y), ty: to.y - (b * from.x + a * from.y) };
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

function points<S extends Space>({
  leftEye,
  rightEye,
  nose,
  leftMouth,
  rightMouth,
}: Landmarks<S>): Point<S>[] {
  return [leftEye, rightEye, nose, leftMouth, rightMouth];
}

function mean<S extends Space>(all: readonly Point<S>[]): Point<S> {
  return {
    x: all.reduce((sum, { x }) => sum + x, 0) / all.length,
    y: all.reduce((sum, { y }) => sum + y, 0) / all.length,
  };
}
