import type { Box, Detection, Space } from "./geometry.js";

/**
 * Greedy non-maximum suppression: of detections that overlap by more than `iouMax` (intersection over union), the
 * one of the highest score stays. Returns the survivors, best score first.
 */
export function suppress<D extends Detection<Space>>(detections: readonly D[], iouMax: number): D[] {
  const kept: D[] = [];
  for (const candidate of detections.toSorted((a, b) => b.score - a.score)) {
    if (kept.every((other) => iou(other.box, candidate.box) <= iouMax)) kept.push(candidate);
  }
  return kept;
}

/** Intersection over union, 0..1; 0 for empty boxes. */
export function iou<S extends Space>(a: Box<S>, b: Box<S>): number {
  const shared = sharedArea(a, b);
  return shared > 0 ? shared / (a.width * a.height + b.width * b.height - shared) : 0;
}

/** Of both boxes, square pixels; 0 where they are apart. */
export function sharedArea<S extends Space>(a: Box<S>, b: Box<S>): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}
