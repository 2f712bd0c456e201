import { ClassificationSchema, create, type Classification } from "@similarfaces/contracts";
import type { Manifest, Prediction } from "@similarfaces/inference";
import { argmax, round } from "@similarfaces/vision";
import { PROBABILITY_DECIMALS, probabilitiesOf } from "./probabilities.js";

/** The most probable of the manifest's labels, and all of them in the model's order. */
export function classify(outputs: Prediction["outputs"], { labels = [] }: Manifest): Classification {
  const probabilities = probabilitiesOf(outputs, labels.length);
  const best = argmax(probabilities);
  const told = (index: number) => round(probabilities[index]!, PROBABILITY_DECIMALS);
  return create(ClassificationSchema, {
    label: labels[best]!,
    probability: told(best),
    probabilities: labels.map((label, index) => ({ label, probability: told(index) })),
  });
}
