import { fieldOf, scoreOf, type AnalysisJson, type FaceView } from "@similarfaces/contracts";
import type { EnrolmentWarning } from "@similarfaces/contracts/api";

/** What `extract` has said of a face's quality, where the job asked for it. */
export function qualityOf(face: FaceView): AnalysisJson | undefined {
  const field = fieldOf(face, "quality");
  return field?.state === "done" ? field.value : undefined;
}

/**
 * What speaks against a face that is enrolled all the same: whoever enrols it has seen it, and may have no better one.
 * @param floor of the score, 0..1
 */
export function warningsOf(quality: AnalysisJson | undefined, floor: number): EnrolmentWarning[] {
  const score = quality && scoreOf(quality);
  if (score === undefined || score >= floor) return [];
  const message = `The face is too small or too blurred to be recognised well: its quality is ${score}, and less than ${floor} is poor.`;
  return [{ code: "low_quality", message, score, floor }];
}
