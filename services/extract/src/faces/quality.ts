import { AnalysisSchema, AnswerSchema, MeasureSchema, create, type Analysis } from "@similarfaces/contracts";
import {
  invertSimilarity,
  mapLandmarks,
  round,
  scaleOf,
  type Box,
  type Landmarks,
} from "@similarfaces/vision";
import { align } from "./chips.js";
import type { Views } from "./views.js";

/** How much of a face the photo shows. What the numbers are called and how they are shown: contracts/src/quality.ts. */
export interface Quality {
  /** 0..1: detail, light and pose in one. */
  readonly score: number;
  /** 0..1: size and sharpness in one. Near 0 the face is too small or too blurred to analyse. */
  readonly detail: number;
  /** Pixels of the photo: the side of a square as large as the face's box. */
  readonly size: number;
  /** 0..1. */
  readonly sharpness: number;
  /** Mean brightness of the face, percent of white. */
  readonly exposure: number;
  readonly pose: Pose;
}

/** Degrees. Of a face that looks into the camera all are 0. */
export interface Pose {
  /** Positive where the face looks to the right of the picture. */
  readonly yaw: number;
  /** Positive where it looks up. */
  readonly pitch: number;
  /** Positive where it is tilted clockwise. */
  readonly roll: number;
}

/** Pixels of a side of the patch that is looked at: the ArcFace frame at half its scale. */
const PATCH_SIDE = 56;
const PATCH_SCALE = 0.5;

/** Where a part begins to count, and from where on it takes nothing off: measured, see the README. */
const SIZE = { from: 6, full: 48 };
const EDGES = { from: 0.06, full: 0.5 };
const DARK = { from: 4, full: 20 };
const BRIGHT = { from: 96, full: 80 };
/** A face turned so far is half hidden. */
const TURNED = { from: 90, full: 20 };
/** A profile can still be looked at: it halves the score. */
const POSE_SHARE = 0.5;

/** What a face in the photo is worth looking at; box and landmarks in its pixels. About 0.1 ms of arithmetic. */
export function qualityOf(
  views: Views,
  { box, landmarks }: { box: Box<"image">; landmarks: Landmarks<"image"> },
): Quality {
  const pose = poseOf(landmarks);
  const size = Math.sqrt(box.width * box.height);
  const { mean, edges } = statisticsOf(patchOf(views, landmarks));
  const sharpness = partOf(edges, EDGES);
  const exposure = (100 * mean) / 255;
  const detail = partOf(size, SIZE) * sharpness;
  const light = partOf(exposure, DARK) * partOf(exposure, BRIGHT);
  const frontal = partOf(Math.max(Math.abs(pose.yaw), Math.abs(pose.pitch)), TURNED);
  const score = detail * light * (1 - POSE_SHARE * (1 - frontal));
  return { score, detail, size, sharpness, exposure, pose };
}

/** As the stage `quality` answers it. */
export function analysisOf({ score, size, sharpness, exposure, pose }: Quality): Analysis {
  const measures: readonly (readonly [string, number, string, number])[] = [
    ["score", score, "", 3],
    ["size", size, "px", 1],
    ["sharpness", sharpness, "", 3],
    ["exposure", exposure, "%", 1],
    ["yaw", pose.yaw, "degrees", 1],
    ["pitch", pose.pitch, "degrees", 1],
    ["roll", pose.roll, "degrees", 1],
  ];
  return create(AnalysisSchema, {
    answers: measures.map(([name, value, unit, decimals]) =>
      create(AnswerSchema, {
        name,
        kind: { case: "measure", value: create(MeasureSchema, { value: round(value, decimals), unit }) },
      }),
    ),
  });
}

/** 0 at `from`, 1 at `full` and beyond it, whichever of them is larger. */
function partOf(value: number, { from, full }: { from: number; full: number }): number {
  return Math.min(Math.max((value - from) / (full - from), 0), 1);
}

/**
 * The face's brightness, PATCH_SIDE x PATCH_SIDE, 0..255, aligned as its chip is, from the smallest view that has its detail. What a small
 * face lacks is interpolated, so it comes out as blurred as it is.
 */
function patchOf(views: Views, landmarks: Landmarks<"image">): Float32Array {
  const view = views.atLeast(scaleOf(align(landmarks)) * PATCH_SCALE);
  const { width, height, pixels } = view;
  const factor = { x: width / views.photo.width, y: height / views.photo.height };
  // Whole numbers are pixel centres.
  const inView: Landmarks<"image"> = mapLandmarks(landmarks, ({ x, y }) => ({
    x: (x + 0.5) * factor.x - 0.5,
    y: (y + 0.5) * factor.y - 0.5,
  }));
  const { a, b, tx, ty } = invertSimilarity(align(inView));
  const luma = new Float32Array(PATCH_SIDE * PATCH_SIDE);
  let to = 0;
  for (let row = 0; row < PATCH_SIDE; row++) {
    const v = (row + 0.5) / PATCH_SCALE - 0.5;
    for (let column = 0; column < PATCH_SIDE; column++) {
      const u = (column + 0.5) / PATCH_SCALE - 0.5;
      luma[to++] = lumaAt(pixels, width, height, a * u - b * v + tx, b * u + a * v + ty);
    }
  }
  return luma;
}

/** Bilinear, borders replicated; weights of Rec. 601. */
function lumaAt(pixels: Uint8Array, width: number, height: number, px: number, py: number): number {
  const x = Math.min(Math.max(px, 0), width - 1);
  const y = Math.min(Math.max(py, 0), height - 1);
  const column = x | 0;
  const row = y | 0;
  const upper = (row * width + column) * 3;
  const lower = row < height - 1 ? upper + width * 3 : upper;
  const next = column < width - 1 ? 3 : 0;
  const top = mix(luma(pixels, upper), luma(pixels, upper + next), x - column);
  const bottom = mix(luma(pixels, lower), luma(pixels, lower + next), x - column);
  return mix(top, bottom, y - row);
}

function mix(from: number, to: number, share: number): number {
  return from + share * (to - from);
}

function luma(pixels: Uint8Array, at: number): number {
  return 0.299 * pixels[at]! + 0.587 * pixels[at + 1]! + 0.114 * pixels[at + 2]!;
}

/**
 * The patch's mean, and how much of its contrast is in edges: the deviation of the Laplacian over that of the brightness. The Laplacian's
 * variance alone (Pech-Pacheco and others, 2000, "Diatom autofocusing in brightfield microscopy") calls what is dim blurred.
 */
function statisticsOf(patch: Float32Array): { mean: number; edges: number } {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < patch.length; i++) {
    sum += patch[i]!;
    squares += patch[i]! * patch[i]!;
  }
  let [edgeSum, edgeSquares] = [0, 0];
  for (let row = 1; row < PATCH_SIDE - 1; row++) {
    for (let i = row * PATCH_SIDE + 1; i < (row + 1) * PATCH_SIDE - 1; i++) {
      const edge =
        patch[i - 1]! + patch[i + 1]! + patch[i - PATCH_SIDE]! + patch[i + PATCH_SIDE]! - 4 * patch[i]!;
      edgeSum += edge;
      edgeSquares += edge * edge;
    }
  }
  const inner = (PATCH_SIDE - 2) ** 2;
  const mean = sum / patch.length;
  const variance = squares / patch.length - mean * mean;
  const edgeVariance = edgeSquares / inner - (edgeSum / inner) ** 2;
  // A patch of one brightness shows nothing.
  return { mean, edges: variance > 1 ? Math.sqrt(edgeVariance / variance) : 0 };
}

type Vector = readonly [number, number, number];

/**
 * Eyes (the middle between their corners), nose tip and mouth corners of MediaPipe's canonical face model (canonical_face_model.obj,
 * vertices 33 and 133, 1, 61 and their mirror images), in centimetres about their mean: x to the right of the picture, y down, z away from
 * the camera.
 */
const FACE: readonly Vector[] = aboutMean([
  [-3.15, -2.62, -3.47],
  [3.15, -2.62, -3.47],
  [0, 1.13, -7.48],
  [-2.46, 4.34, -4.28],
  [2.46, 4.34, -4.28],
]);
/** Of the matrix of these points: what takes their places in a picture to the first two rows of a rotation. */
const FACE_INVERSE = pseudoinverse(FACE);

/**
 * The head's pose from its five landmarks, as of a camera that is far away: the linear step of POSIT (DeMenthon and Davis, 1995,
 * "Model-based object pose in 25 lines of code"), then rotations about z, y and x in this order, the roll outermost.
 */
export function poseOf({ leftEye, rightEye, nose, leftMouth, rightMouth }: Landmarks<"image">): Pose {
  const points = [leftEye, rightEye, nose, leftMouth, rightMouth];
  const right = unit(sum(points.map(({ x }, index) => times(FACE_INVERSE[index]!, x))));
  const down = unit(sum(points.map(({ y }, index) => times(FACE_INVERSE[index]!, y))));
  // Rows of a rotation stand at right angles: both give way alike.
  const half = unit(sum([right, down]));
  const across = unit(sum([right, times(down, -1)]));
  const i = times(sum([half, across]), Math.SQRT1_2);
  const j = times(sum([half, times(across, -1)]), Math.SQRT1_2);
  const k = cross(i, j);
  const degrees = 180 / Math.PI;
  return {
    yaw: degrees * Math.asin(Math.min(Math.max(k[0], -1), 1)),
    pitch: degrees * Math.atan2(-k[1], k[2]),
    roll: degrees * Math.atan2(j[0], i[0]),
  };
}

function aboutMean(points: readonly Vector[]): Vector[] {
  const mean = times(sum(points), 1 / points.length);
  return points.map((point) => sum([point, times(mean, -1)]));
}

/** Of the matrix with these rows, the columns of its pseudoinverse, by the adjugate of the 3x3 matrix of their products. */
function pseudoinverse(rows: readonly Vector[]): Vector[] {
  const column = (j: number): Vector => sum(rows.map((row) => times(row, row[j]!)));
  const [first, second, third] = [column(0), column(1), column(2)];
  const determinant = dot(first, cross(second, third));
  const inverse = [cross(second, third), cross(third, first), cross(first, second)] as const;
  return rows.map((row): Vector => [
    dot(inverse[0], row) / determinant,
    dot(inverse[1], row) / determinant,
    dot(inverse[2], row) / determinant,
  ]);
}

function times([x, y, z]: Vector, by: number): Vector {
  return [x * by, y * by, z * by];
}

function sum(vectors: readonly Vector[]): Vector {
  return vectors.reduce(([ax, ay, az], [bx, by, bz]) => [ax + bx, ay + by, az + bz], [0, 0, 0]);
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function cross([ax, ay, az]: Vector, [bx, by, bz]: Vector): Vector {
  return [ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx];
}

/** Nothing of nothing: landmarks in one line have no pose, and none is made up. */
function unit(vector: Vector): Vector {
  return times(vector, 1 / (Math.hypot(...vector) || 1));
}
