import { StageFailure } from "@similarfaces/contracts";
import type { Prediction } from "@similarfaces/inference";

/** How finely probabilities are told. */
export const PROBABILITY_DECIMALS = 4;

/**
 * The graph's output `probabilities`, of which there must be `count`.
 * @throws StageFailure model_failed where there are not, or they are no distribution
 */
export function probabilitiesOf(outputs: Prediction["outputs"], count?: number): Float32Array {
  const data = outputs["probabilities"]?.data;
  if (!data || data.length === 0 || (count !== undefined && data.length !== count)) {
    throw new StageFailure(
      "model_failed",
      `the model gave ${data?.length ?? 0} probabilities, not ${count ?? "some"}`,
    );
  }
  const sum = data.reduce((total, probability) => total + probability, 0);
  // NaN fails this comparison too.
  if (!(Math.abs(sum - 1) < 0.01)) {
    throw new StageFailure("model_failed", "the model's probabilities do not sum to 1");
  }
  return data;
}
