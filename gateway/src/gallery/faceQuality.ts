import { fieldOf, scoreOf, type AnalysisJson, type FaceView } from "@similarfaces/contracts";
import type { EnrolmentWarning } from "@similarfaces/contracts/api";

/** The quality of a face, where its job asked for it. */
export function qualityOf(face: FaceView): AnalysisJson | undefined {
  const field = fieldOf(face, "quality");
  return field?.state === "done" ? field.value : undefined;
}

/**
 * Warnings about a face that is enrolled all the same, since there may be no better photo of the person.
 * @param floor of the score, 0..1
 */
export function warningsOf(quality: AnalysisJson | undefined, floor: number): EnrolmentWarning[] {
  const score = quality && scoreOf(quality);
  if (score === undefined || score >= floor) return [];
  const message = `The face is too small or too blurred to be recognised well: its quality is ${score}, and less than ${floor} is poor.`;
  return [{ code: "low_quality", message, score, floor }];
}

/** A photo with several faces is not enrolled; its job has them. */
export function severalFaces(file: string, jobId: string, faces: number): EnrolmentWarning {
  const message = `${file}: The photo has ${faces} faces. Enrol one with {"jobId": "${jobId}", "face": 0..${faces - 1}}, or send largest: true.`;
  return { code: "several_faces", message, faces };
}
