import { PORTRAIT_SIDE_MAX, PORTRAIT_SIDE_MIN } from "@similarfaces/contracts";
import {
  ARCFACE_SIDE,
  round,
  similarityToChip,
  type Box,
  type Landmarks,
  type Size,
} from "@similarfaces/vision";

/** What a portrait shows: a square of the photo, its middle and side in pixels of it, 0 the edge of the first one. */
export interface PortraitSquare {
  readonly x: number;
  readonly y: number;
  readonly side: number;
  /** Radians, clockwise, by which the photo is turned to stand the face upright; a whole quarter, or none, where that does nearly. */
  readonly turn: number;
  /** Pixels of a side of the portrait. */
  readonly size: number;
}

export interface FaceToShow {
  readonly box: Box<"image">;
  readonly landmarks: Landmarks<"image">;
}

/** Of the portrait's side, what is the face's: a square as large as its box. */
const FACE_SHARE = 0.475;
/** Of the face's side, how far from its middle a turned square reaches at least, wherever it is moved. */
const REACH_MIN = 0.6;
/** Of the face's side, the smallest square that is tried: hair and chin are still in it. */
const SIDE_MIN = 1.25;
/** Of the square's area, what may lie beyond the photo before a smaller one is looked for. */
const BEYOND_MAX = 0.04;
/** A turn that is this near to a whole quarter is one: pixels are moved then, and none is computed. */
const TURN_TOLERANCE = (2 * Math.PI) / 180;
const QUARTER = Math.PI / 2;
/** Pixels between a turned square and the photo's edge, so that interpolation finds no other pixels than the photo's. */
const MARGIN = 1;
/** Ratio of one side that is tried to the next. */
const STEP = 0.97;

/**
 * The square around a face of a photo. It is as large as the face's share says and lies within the photo: it is moved there, and shrunk where the
 * photo is smaller. Only where every turned square within the photo would cut the face, as near an edge, its corners reach beyond.
 */
export function portraitSquare(face: FaceToShow, photo: Size): PortraitSquare {
  const { box, landmarks } = face;
  const turn = turnOf(landmarks);
  const side = Math.max(1, Math.sqrt(box.width * box.height));
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  return turn % QUARTER === 0
    ? straightSquare(middle, side, turn, photo)
    : turnedSquare(middle, side, turn, photo);
}

/** Of whole pixels. */
function straightSquare(middle: XY, face: number, turn: number, { width, height }: Size): PortraitSquare {
  const side = Math.max(1, Math.round(Math.min(face / FACE_SHARE, width, height)));
  const within = (at: number, length: number) =>
    Math.min(Math.max(Math.round(at - side / 2), 0), length - side) + side / 2;
  return squareOf({ x: within(middle.x, width), y: within(middle.y, height) }, side, turn);
}

/** The largest within the photo, else the largest with next to nothing beyond it, else the one with least. */
function turnedSquare(middle: XY, face: number, turn: number, photo: Size): PortraitSquare {
  const tried: { square: PortraitSquare; beyond: number }[] = [];
  // A face that fills its photo needs no more than the photo.
  const sideMin = Math.min(SIDE_MIN * face, photo.width, photo.height);
  for (let side = face / FACE_SHARE; side >= sideMin; side *= STEP) {
    const square = squareOf(movedTowards(photo, middle, face, side, turn), side, turn);
    tried.push({ square, beyond: shareBeyond(square, photo) });
  }
  const least = tried.reduce((a, b) => (b.beyond < a.beyond ? b : a));
  return (
    tried.find(({ beyond }) => beyond === 0) ??
    tried.find(({ beyond }) => beyond <= BEYOND_MAX) ??
    least
  ).square;
}

/** The middle of a turned square: as far into the photo as its face allows. */
function movedTowards({ width, height }: Size, middle: XY, face: number, side: number, turn: number): XY {
  const room = reachOf({ side, turn }) + MARGIN;
  const within = (at: number, length: number) =>
    room > length / 2 ? length / 2 : Math.min(Math.max(at, room), length - room);
  const move = { x: within(middle.x, width) - middle.x, y: within(middle.y, height) - middle.y };
  const slack = Math.max(0, side / 2 - REACH_MIN * face);
  const bounded = (value: number) => Math.min(Math.max(value, -slack), slack);
  const inSquare = turned(move, turn);
  const { x, y } = turned({ x: bounded(inSquare.x), y: bounded(inSquare.y) }, -turn);
  return { x: middle.x + x, y: middle.y + y };
}

/** Of a turned square's area, what its corners have beyond the photo's edges: a triangle each, while that is little. */
function shareBeyond(square: PortraitSquare, { width, height }: Size): number {
  const { x, y, side, turn } = square;
  const reach = reachOf(square);
  const depths = [reach - x, reach - y, reach - (width - x), reach - (height - y)];
  const squares = depths.reduce((sum, depth) => sum + Math.max(0, depth) ** 2, 0);
  return squares / Math.abs(Math.sin(2 * turn)) / side ** 2;
}

/** The eyes in pixels of the portrait, whose whole numbers are pixel centres, as those of the landmarks. */
export function eyesIn(square: PortraitSquare, { leftEye, rightEye }: Landmarks<"image">) {
  const place = ({ x, y }: XY): XY => {
    const at = turned({ x: x + 0.5 - square.x, y: y + 0.5 - square.y }, square.turn);
    const scale = square.size / square.side;
    const inPortrait = (value: number) => round(value * scale + square.size / 2 - 0.5, 2);
    return { x: inPortrait(at.x), y: inPortrait(at.y) };
  };
  return { left: place(leftEye), right: place(rightEye) };
}

/** Half of the side of the upright square around a turned one. */
export function reachOf({ side, turn }: Pick<PortraitSquare, "side" | "turn">): number {
  const spread = turn % QUARTER === 0 ? 1 : Math.abs(Math.cos(turn)) + Math.abs(Math.sin(turn));
  return (side * spread) / 2;
}

/** Whole quarters of a turn, -2 to 2; undefined where it is none. */
export function quartersOf({ turn }: PortraitSquare): number | undefined {
  return turn % QUARTER === 0 ? turn / QUARTER : undefined;
}

interface XY {
  readonly x: number;
  readonly y: number;
}

function turnOf(landmarks: Landmarks<"image">): number {
  const toChip = similarityToChip(landmarks, ARCFACE_SIDE);
  if (!toChip) return 0;
  const turn = Math.atan2(toChip.b, toChip.a);
  const nearest = Math.round(turn / QUARTER) * QUARTER;
  return Math.abs(turn - nearest) <= TURN_TOLERANCE ? nearest : turn;
}

/** Clockwise, as a picture shows it: y points down. */
function turned({ x, y }: XY, by: number): XY {
  const [cos, sin] = [Math.cos(by), Math.sin(by)];
  return { x: cos * x - sin * y, y: sin * x + cos * y };
}

function squareOf({ x, y }: XY, side: number, turn: number): PortraitSquare {
  const size = Math.min(Math.max(Math.round(side), PORTRAIT_SIDE_MIN), PORTRAIT_SIDE_MAX);
  return { x, y, side, turn, size };
}
