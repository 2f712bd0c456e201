import { StageFailure } from "@similarfaces/contracts";

/** Decimals of a probability in results. */
export const PROBABILITY_DECIMALS = 4;

/** @throws StageFailure model_failed where there are not `count` of them, or they are no distribution */
export function mustBeDistribution(probabilities: Float32Array, count: number): void {
  if (probabilities.length !== count) {
    throw new StageFailure(
      "model_failed",
      `the model gave ${probabilities.length} probabilities, not ${count}`,
    );
  }
  const sum = probabilities.reduce((total, probability) => total + probability, 0);
  // NaN fails this comparison too.
  if (!(Math.abs(sum - 1) < 0.01)) {
    throw new StageFailure("model_failed", "the model's probabilities do not sum to 1");
  }
}
