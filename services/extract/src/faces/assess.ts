import { setImmediate } from "node:timers/promises";
import type { Face } from "@similarfaces/contracts";
import { landmarksOf } from "./extracted.js";
import { analysisOf, qualityOf } from "./quality.js";
import type { Views } from "./views.js";

/** Faces assessed in one turn of the event loop: about a millisecond. */
const FACES_AT_ONCE = 8;

export interface AssessOptions {
  /** Whether the faces' quality is part of the answer. */
  isAsked: boolean;
  /** Faces of less detail are skipped, 0..1; 0 skips none. */
  floor: number;
}

/** Sets the `quality` of each face where the job asks for it, and `skipped` on those that are too small or too blurred to analyse. */
export async function assessFaces(
  faces: readonly Face[],
  views: Views,
  { isAsked, floor }: AssessOptions,
): Promise<void> {
  if (!isAsked && floor === 0) return;
  for (const [index, face] of faces.entries()) {
    if (index > 0 && index % FACES_AT_ONCE === 0) await setImmediate();
    const quality = qualityOf(views, { box: face.box!, landmarks: landmarksOf(face) });
    if (isAsked) face.quality = analysisOf(quality);
    face.skipped = quality.detail < floor;
  }
}
