import { pointsOf } from "./align.js";
import type { Detection, Landmarks, Space } from "./geometry.js";

/** In distances between the eyes of the larger one, by the mean over the five points. */
const APART = 0.2;

/** Of faces whose five points agree, which one face proposed twice has whatever its boxes, the one of the better score; best first. */
export function suppressByPoints<D extends Detection<Space>>(faces: readonly D[]): D[] {
  const kept: D[] = [];
  for (const face of faces.toSorted((a, b) => b.score - a.score)) {
    if (!kept.some((better) => isSameFace(better, face))) kept.push(face);
  }
  return kept;
}

function isSameFace(better: Detection<Space>, other: Detection<Space>): boolean {
  const eyes = Math.max(eyesApart(better.landmarks), eyesApart(other.landmarks));
  const [points, others] = [pointsOf(better.landmarks), pointsOf(other.landmarks)];
  const apart = points.map(({ x, y }, i) => Math.hypot(x - others[i]!.x, y - others[i]!.y));
  return apart.reduce((sum, distance) => sum + distance, 0) / apart.length < APART * eyes;
}

function eyesApart({ leftEye, rightEye }: Landmarks<Space>): number {
  return Math.hypot(rightEye.x - leftEye.x, rightEye.y - leftEye.y);
}
