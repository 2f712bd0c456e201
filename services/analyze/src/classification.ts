import { ClassificationSchema, create, type Classification } from "@similarfaces/contracts";
import type { ManifestAnswer } from "@similarfaces/inference";
import { argmax, round } from "@similarfaces/vision";
import { PROBABILITY_DECIMALS, mustBeDistribution } from "./probabilities.js";

/**
 * The most probable of the labels, all of them in the model's order, and which parts of the face the label says are hidden where the model
 * is not unsure. @throws StageFailure model_failed
 */
export function classify(
  probabilities: Float32Array,
  { labels, unsureBelow }: NonNullable<ManifestAnswer["classification"]>,
): Classification {
  mustBeDistribution(probabilities, labels.length);
  const rounded = labels.map(({ label }, index) => ({
    label,
    probability: round(probabilities[index]!, PROBABILITY_DECIMALS),
  }));
  const best = argmax(probabilities);
  const { label, probability } = rounded[best]!;
  const hides = probability < unsureBelow ? [] : (labels[best]!.hides ?? []);
  return create(ClassificationSchema, { label, probability, probabilities: rounded, hides });
}
