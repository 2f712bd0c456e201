import {
  ClassificationSchema,
  create,
  type Classification,
  type ClassificationSpecJson,
} from "@similarfaces/contracts";
import { argmax, round } from "@similarfaces/vision";
import { PROBABILITY_DECIMALS, mustBeDistribution } from "./probabilities.js";

/** The most probable of the labels, and all of them in the model's order. @throws StageFailure model_failed */
export function classify(probabilities: Float32Array, { labels }: ClassificationSpecJson): Classification {
  mustBeDistribution(probabilities, labels.length);
  const rounded = labels.map(({ label }, index) => ({
    label,
    probability: round(probabilities[index]!, PROBABILITY_DECIMALS),
  }));
  return create(ClassificationSchema, { ...rounded[argmax(probabilities)]!, probabilities: rounded });
}
