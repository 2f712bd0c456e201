import { FRAME_SIDE, iou, type Box, type Detection, type Size } from "@similarfaces/vision";
import type { TrueBox } from "../dataset.js";
import { share } from "./shares.js";

export interface Scene {
  readonly size: Size;
  readonly truth: readonly TrueBox[];
  readonly found: readonly Detection<"image">[];
}

export const SCORES = [0.4, 0.5, 0.6, 0.7];
const OVERLAP_MIN = 0.5;
/** Widths in a photo whose longer side has been scaled to the detector's frame. */
const WIDTHS: readonly (readonly [string, number, number])[] = [
  ["under 20 px", 0, 20],
  ["20 to 40 px", 20, 40],
  ["40 to 100 px", 40, 100],
  ["100 px and more", 100, Infinity],
];

/**
 * Faces found, boxes without a face (`unmatched`) in scenes with faces, and `false_alarms` in scenes without any, at several thresholds;
 * recall by the width of the face at `score`, the pipeline's own.
 */
export function measureDetection(
  scenes: readonly Scene[],
  matching: "overlap" | "centre",
  score: number,
): Record<string, unknown> {
  const fits = matching === "overlap" ? overlaps : atOnePlace;
  const faces = scenes.flatMap(({ truth }) => truth).length;
  const peopled = scenes.filter(({ truth }) => truth.length > 0);
  const empty = scenes.filter(({ truth }) => truth.length === 0);
  const thresholds = [...new Set([...SCORES, score])].toSorted((a, b) => a - b);
  const byThreshold = thresholds.map((threshold) => {
    const matched = peopled.map((scene) => match(scene, threshold, fits));
    return [
      String(threshold),
      {
        ...(faces > 0
          ? { recall: share(matched.flatMap(({ hits }) => hits.filter(Boolean)).length, faces) }
          : {}),
        unmatched: matched.reduce((sum, { extra }) => sum + extra, 0),
        false_alarms: empty.reduce(
          (sum, { found }) => sum + found.filter((face) => face.score >= threshold).length,
          0,
        ),
      },
    ] as const;
  });
  const widths = peopled.flatMap((scene) => {
    const { hits } = match(scene, score, fits);
    const scale = FRAME_SIDE / Math.max(scene.size.width, scene.size.height);
    return scene.truth.map(({ width }, i) => ({ width: width * scale, hit: hits[i]! }));
  });
  return {
    faces,
    images: peopled.length,
    scenes_without_faces: empty.length,
    matching: matching === "overlap" ? "intersection over union of 0.5" : "centre and size",
    by_threshold: Object.fromEntries(byThreshold),
    ...(faces > 0 ? { [`recall_by_width_in_${FRAME_SIDE}_px_at_${score}`]: byWidth(widths) } : {}),
  };
}

function byWidth(faces: readonly { width: number; hit: boolean }[]): Record<string, unknown> {
  return Object.fromEntries(
    WIDTHS.flatMap(([name, low, high]) => {
      const part = faces.filter(({ width }) => width >= low && width < high);
      return part.length === 0
        ? []
        : [[name, [share(part.filter(({ hit }) => hit).length, part.length), part.length]]];
    }),
  );
}

/** Whether each face is found, and how many boxes are left over: a face takes the best box that fits, a box answers for one face. */
function match(
  { truth, found }: Scene,
  threshold: number,
  fits: (truth: TrueBox, box: Box<"image">) => boolean,
): { hits: boolean[]; extra: number } {
  const left = found.filter((face) => face.score >= threshold).toSorted((a, b) => b.score - a.score);
  const hits = truth.map((face) => {
    const at = left.findIndex(({ box }) => fits(face, box));
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
  return { hits, extra: left.length };
}

function overlaps(truth: TrueBox, box: Box<"image">): boolean {
  return iou(truth, box) >= OVERLAP_MIN;
}

/** Sets differ in what of a head a box holds; then the centre and the size decide (as models/training/evaluate_found.py does). */
function atOnePlace(truth: TrueBox, box: Box<"image">): boolean {
  const side = Math.sqrt(truth.width * truth.height);
  const ratio = Math.sqrt(box.width * box.height) / side;
  const dx = truth.x + truth.width / 2 - box.x - box.width / 2;
  const dy = truth.y + truth.height / 2 - box.y - box.height / 2;
  return Math.abs(dx) < 0.5 * side && Math.abs(dy) < 0.6 * side && ratio > 0.5 && ratio < 3.2;
}
