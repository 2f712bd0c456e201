import type { AnalyzerName, Result } from "@similarfaces/contracts";
import type { Manifest, Prediction } from "@similarfaces/inference";

/** What an analyzer's answer may be: its own kind of outcome. */
export type AttributeOutcome = Extract<Result["outcome"], { case: AnalyzerName }>;

/** One attribute of a face: what makes its answer out of its model's outputs. */
export interface Attribute {
  readonly name: AnalyzerName;
  /** @throws StageFailure model_failed for outputs that are no such answer */
  read(outputs: Prediction["outputs"], manifest: Manifest): AttributeOutcome;
}
