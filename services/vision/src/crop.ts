import { ARCFACE_SIDE, mean, pointsOf, scaleOf, similarityToChip, type Similarity } from "./align.js";
import { centreOf, sizeOf, type Box, type Landmarks, type Point, type Space } from "./geometry.js";

/** A square in a picture that stands on a line: the angle between that line and the picture's, radians, clockwise. */
export interface Square<S extends Space> {
  readonly centre: Point<S>;
  readonly side: number;
  readonly angle: number;
}

/** Sides of the two crops: in sides of the proposed box, and in sides of the face as its points say it is. */
const FIRST = 1.5;
const SECOND = 1.25;
/** The side of a face's box, sqrt(width height), in pixels of the ArcFace frame. */
const UPRIGHT = 85;
/** Points that make the face smaller or larger than this, in sides of the proposed box, are not believed. */
const LIKELY = { from: 0.4, to: 2.2 };
/** Points whose middle lies further from the box's, in its sides, belong to another face. */
const DRIFT = 0.6;

/** What the first look sees of a proposed face: the square around its box in which the proposed eyes lie level. */
export function firstSquare<S extends Space>(box: Box<S>, { leftEye, rightEye }: Landmarks<S>): Square<S> {
  const angle = Math.atan2(rightEye.y - leftEye.y, rightEye.x - leftEye.x);
  return { centre: centreOf(box), side: Math.max(1, sizeOf(box)) * FIRST, angle };
}

/**
 * What the second look sees: the square around the first look's points in which that face stands upright. Where the points do not fit the
 * box's size they are not to be replaced by the second look's.
 */
export function secondSquare<S extends Space>(
  box: Box<S>,
  landmarks: Landmarks<S>,
): { square: Square<S>; isLikely: boolean } {
  const size = Math.max(1, sizeOf(box));
  const toChip = similarityToChip(landmarks, ARCFACE_SIDE);
  const upright = toChip ? UPRIGHT / scaleOf(toChip) : 0;
  const isLikely = upright > LIKELY.from * size && upright < LIKELY.to * size;
  const centre = mean(pointsOf(landmarks));
  const side = (isLikely ? upright : size) * SECOND;
  return { square: { centre, side, angle: toChip ? -Math.atan2(toChip.b, toChip.a) : 0 }, isLikely };
}

/** Whether the points lie about where the box is. */
export function isOfBox<S extends Space>(box: Box<S>, landmarks: Landmarks<S>): boolean {
  const [middle, centre] = [mean(pointsOf(landmarks)), centreOf(box)];
  return Math.hypot(middle.x - centre.x, middle.y - centre.y) < DRIFT * Math.max(1, sizeOf(box));
}

/** Takes a square to a crop of `side` pixels, its centre to (side / 2, side / 2). */
export function similarityToCrop<S extends Space>(
  { centre, side: from, angle }: Square<S>,
  side: number,
): Similarity {
  const a = (Math.cos(angle) * side) / from;
  const b = (-Math.sin(angle) * side) / from;
  return {
    a,
    b,
    tx: side / 2 - (a * centre.x - b * centre.y),
    ty: side / 2 - (b * centre.x + a * centre.y),
  };
}

export function transformPoint<A extends Space, B extends Space>(
  { a, b, tx, ty }: Similarity,
  { x, y }: Point<A>,
): Point<B> {
  return { x: a * x - b * y + tx, y: b * x + a * y + ty };
}
