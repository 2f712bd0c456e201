import { AnswerSchema, StageFailure, create, type Answer } from "@similarfaces/contracts";
import type { ManifestAnswer, Prediction } from "@similarfaces/inference";
import { classify } from "./classification.js";
import { measure } from "./measure.js";

/**
 * One answer of an analyzer, by its kind, out of the output that its manifest names.
 * @throws StageFailure model_failed where that output is no such answer
 */
export function readAnswer(answer: ManifestAnswer, outputs: Prediction["outputs"]): Answer {
  const data = outputs[answer.output]?.data;
  if (!data) throw new StageFailure("model_failed", `the model gave no output ${answer.output}`);
  return create(AnswerSchema, {
    name: answer.name,
    kind: answer.classification
      ? { case: "classification", value: classify(data, answer.classification) }
      : { case: "measure", value: measure(data, answer.measure!) },
  });
}
