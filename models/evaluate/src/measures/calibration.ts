import { round } from "@similarfaces/vision";
import { seeded } from "./random.js";

const STEPS = 200;

/**
 * The logistic regression of "same person" on the cosine, as many strangers as pairs of one person: a manifest's `calibration`, at a
 * prior of 0.5. Newton's method on the mean log likelihood, a trace of ridge on the slope so that sets that a threshold divides have an
 * answer too.
 */
export function fitCalibration(
  genuine: readonly number[],
  impostor: Float32Array,
): { slope: number; intercept: number; prior: number } {
  const random = seeded(1);
  const strangers = genuine.map(() => impostor[Math.floor(random() * impostor.length)]!);
  const samples = [
    ...genuine.map((cosine) => [cosine, 1] as const),
    ...strangers.map((cosine) => [cosine, 0] as const),
  ];
  const ridge = 1e-4;
  let [slope, intercept] = [10, -3];
  for (let step = 0; step < STEPS; step++) {
    // Gradient and curvature of the loss, each the mean over the samples.
    let [gs, gi, ss, si, ii] = [ridge * slope, 0, ridge, 0, 1e-6];
    for (const [cosine, same] of samples) {
      const likely = 1 / (1 + Math.exp(-(slope * cosine + intercept)));
      const error = (likely - same) / samples.length;
      const weight = (likely * (1 - likely)) / samples.length;
      gs += error * cosine;
      gi += error;
      ss += weight * cosine * cosine;
      si += weight * cosine;
      ii += weight;
    }
    const determinant = ss * ii - si * si;
    slope -= (ii * gs - si * gi) / determinant;
    intercept -= (ss * gi - si * gs) / determinant;
  }
  return { slope: round(slope, 4), intercept: round(intercept, 4), prior: 0.5 };
}
