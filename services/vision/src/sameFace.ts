import { pointsOf } from "./align.js";
import type { Box, Detection, Landmarks, Space } from "./geometry.js";
import { sharedArea } from "./nms.js";

/** In distances between the eyes of the larger one, by the mean over the five points. */
const APART = 0.2;
/** The share of the smaller box that lies in the larger one's, from which it is a part of that face. */
const WITHIN = 0.75;

/**
 * Of boxes that are of one face, the one of the better score; best first. They are where their five points agree, which those of one face
 * proposed twice do whatever its boxes, and where one lies within the other: an eye in a face, or a face in what four faces seem to be.
 */
export function suppressSameFaces<D extends Detection<Space>>(faces: readonly D[]): D[] {
  const kept: D[] = [];
  for (const face of faces.toSorted((a, b) => b.score - a.score)) {
    if (!kept.some((better) => isWithin(better.box, face.box) || doPointsAgree(better, face)))
      kept.push(face);
  }
  return kept;
}

function isWithin(a: Box<Space>, b: Box<Space>): boolean {
  const smaller = Math.min(a.width * a.height, b.width * b.height);
  return smaller > 0 && sharedArea(a, b) >= WITHIN * smaller;
}

function doPointsAgree(better: Detection<Space>, other: Detection<Space>): boolean {
  const eyes = Math.max(eyesApart(better.landmarks), eyesApart(other.landmarks));
  const [points, others] = [pointsOf(better.landmarks), pointsOf(other.landmarks)];
  const apart = points.map(({ x, y }, i) => Math.hypot(x - others[i]!.x, y - others[i]!.y));
  return apart.reduce((sum, distance) => sum + distance, 0) / apart.length < APART * eyes;
}

function eyesApart({ leftEye, rightEye }: Landmarks<Space>): number {
  return Math.hypot(rightEye.x - leftEye.x, rightEye.y - leftEye.y);
}
