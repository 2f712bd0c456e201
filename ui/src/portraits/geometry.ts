import type { BoxJson, FaceJson, LandmarksJson, PointJson } from "@similarfaces/contracts/job";
import type { Size } from "../analyse/view";

/*
 * The rules are those of the gallery's portraits (services/extract/src/faces/portraitSquare.ts), so that a face looks the same in both places; a
 * test holds them together.
 */

/** What a portrait shows: a square of the photo, its middle and side in pixels of the upright photo. */
export interface PortraitSquare {
  readonly x: number;
  readonly y: number;
  readonly side: number;
  /** Radians, clockwise, by which the photo is turned to stand the face upright; a whole quarter, or none, where that does nearly. */
  readonly turn: number;
}

/** Middle, and half of the axes, which are along the photo's. */
export interface Ellipse {
  readonly x: number;
  readonly y: number;
  readonly across: number;
  readonly down: number;
}

/** Of the portrait's side, what is the face's: a square as large as its box. The rest is hair, chin and shoulders. */
const FACE_SHARE = 0.475;
/** Of the face's side, how far from its middle a turned square reaches at least, wherever it is moved. */
const REACH_MIN = 0.6;
/** Of the face's side, the smallest square that is tried: hair and chin are still in it. */
const SIDE_MIN = 1.25;
/** Of the square's area, what may lie beyond the photo before a smaller one is looked for. */
const BEYOND_MAX = 0.04;
/** A turn that is this near to a whole quarter is one: pixels stay what they are. */
const TURN_TOLERANCE = (2 * Math.PI) / 180;
const QUARTER = Math.PI / 2;
/** Pixels between a turned square and the photo's edge, so that interpolation finds no other pixels than the photo's. */
const MARGIN = 1;
/** Ratio of one side that is tried to the next. */
const STEP = 0.97;

/** Of a box, the ellipse that stands for its head: a detector's box ends at the hair and the ears. */
const OTHER = 1.2;
const OWN = 1.1;

/** Where the five points of a face are in a frame of 112 pixels in which it stands upright: InsightFace's, as in services/vision/src/align.ts. */
const UPRIGHT: Readonly<Record<keyof LandmarksJson, readonly [x: number, y: number]>> = {
  leftEye: [38.2946, 51.6963],
  rightEye: [73.5318, 51.5014],
  nose: [56.0252, 71.7366],
  leftMouth: [41.5493, 92.3655],
  rightMouth: [70.7299, 92.2041],
};
const POINTS = Object.keys(UPRIGHT) as (keyof LandmarksJson)[];

/**
 * The square around a face of a photo. It is as large as the face's share says and lies within the photo: it is moved there, and shrunk where
 * the photo is smaller. Only where every turned square within the photo would cut the face, as near an edge, its corners reach beyond.
 */
export function portraitSquare(
  { box, landmarks }: Pick<FaceJson, "box" | "landmarks">,
  photo: Size,
): PortraitSquare {
  const turn = turnOf(landmarks);
  const face = Math.max(1, Math.sqrt(box.width * box.height));
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  return turn % QUARTER === 0
    ? straightSquare(middle, face, turn, photo)
    : turnedSquare(middle, face, turn, photo);
}

/** The rectangle along the photo's axes around the square, as far as there is photo. */
export function boundsOf(square: PortraitSquare, photo: Size): BoxJson {
  const reach = reachOf(square);
  const x = Math.max(0, square.x - reach);
  const y = Math.max(0, square.y - reach);
  return {
    x,
    y,
    width: Math.min(photo.width, square.x + reach) - x,
    height: Math.min(photo.height, square.y + reach) - y,
  };
}

/** What hides the other faces that reach into the square. */
export function coversIn(square: PortraitSquare, others: readonly BoxJson[]): Ellipse[] {
  const reach = reachOf(square);
  return others
    .map((box) => ellipseIn(box, OTHER))
    .filter(
      ({ x, y, across, down }) =>
        Math.abs(x - square.x) < reach + across && Math.abs(y - square.y) < reach + down,
    );
}

/** What is not hidden, whoever stands before it or behind it. */
export const ownEllipse = (box: BoxJson): Ellipse => ellipseIn(box, OWN);

/** Pixels of a side to draw: those of the screen, and for whoever magnifies it up to `least` where the photo has them; no more than `most`. */
export function pixelsOf(square: PortraitSquare, shown: number, least: number, most: number): number {
  return Math.min(most, Math.max(1, Math.round(Math.max(shown, Math.min(least, square.side)))));
}

/** Of whole pixels. */
function straightSquare(
  middle: PointJson,
  face: number,
  turn: number,
  { width, height }: Size,
): PortraitSquare {
  const side = Math.max(1, Math.round(Math.min(face / FACE_SHARE, width, height)));
  const within = (at: number, length: number) =>
    Math.min(Math.max(Math.round(at - side / 2), 0), length - side) + side / 2;
  return { x: within(middle.x, width), y: within(middle.y, height), side, turn };
}

/** The largest within the photo, else the largest with next to nothing beyond it, else the one with least. */
function turnedSquare(middle: PointJson, face: number, turn: number, photo: Size): PortraitSquare {
  const tried: { square: PortraitSquare; beyond: number }[] = [];
  // A face that fills its photo needs no more than the photo.
  const sideMin = Math.min(SIDE_MIN * face, photo.width, photo.height);
  for (let side = face / FACE_SHARE; side >= sideMin; side *= STEP) {
    const square = { ...movedTowards(photo, middle, face, side, turn), side, turn };
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
function movedTowards(
  { width, height }: Size,
  middle: PointJson,
  face: number,
  side: number,
  turn: number,
): PointJson {
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

/** Half of the side of the upright square around a turned one. */
function reachOf({ side, turn }: Pick<PortraitSquare, "side" | "turn">): number {
  const spread = turn % QUARTER === 0 ? 1 : Math.abs(Math.cos(turn)) + Math.abs(Math.sin(turn));
  return (side * spread) / 2;
}

/** Of the turn, shift and scale that bring the five points nearest to those of an upright face (least squares; Umeyama 1991), the turn. */
function turnOf(landmarks: LandmarksJson): number {
  const mean = (of: (name: keyof LandmarksJson) => number) =>
    POINTS.reduce((sum, name) => sum + of(name), 0) / POINTS.length;
  const from = { x: mean((name) => landmarks[name].x), y: mean((name) => landmarks[name].y) };
  const to = { x: mean((name) => UPRIGHT[name][0]), y: mean((name) => UPRIGHT[name][1]) };
  let [along, across] = [0, 0];
  for (const name of POINTS) {
    const [x, y] = [landmarks[name].x - from.x, landmarks[name].y - from.y];
    const [u, v] = [UPRIGHT[name][0] - to.x, UPRIGHT[name][1] - to.y];
    along += x * u + y * v;
    across += x * v - y * u;
  }
  const turn = Math.atan2(across, along);
  const nearest = Math.round(turn / QUARTER) * QUARTER;
  return Math.abs(turn - nearest) <= TURN_TOLERANCE ? nearest : turn;
}

/** Clockwise, as a picture shows it: y points down. */
function turned({ x, y }: PointJson, by: number): PointJson {
  const [cos, sin] = [Math.cos(by), Math.sin(by)];
  return { x: cos * x - sin * y, y: sin * x + cos * y };
}

function ellipseIn({ x, y, width, height }: BoxJson, share: number): Ellipse {
  return {
    x: x + width / 2,
    y: y + height / 2,
    across: (share * width) / 2,
    down: (share * height) / 2,
  };
}
