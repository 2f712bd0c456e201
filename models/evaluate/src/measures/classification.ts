import { argmax, round } from "@similarfaces/vision";
import { byGroup, ci95, groupNames, mean, share } from "./shares.js";

/** Of the winner's probability, 0..1, for the calibration error. */
const BINS = 15;

export interface ClassifiedFace {
  /** In the data's words. */
  readonly truth: string;
  /** The model's probability of each of its labels. */
  readonly probabilities: ReadonlyMap<string, number>;
  readonly groups: Readonly<Record<string, string>>;
}

/**
 * Accuracy overall, by label (recall) and by every group but the one that is measured; the confusion table has the truth as rows. The
 * calibration error says how far the winner's probability lies from how often it is right.
 * `scheme`: the data's labels, and the model's labels that each stands for.
 */
export function measureClassification(
  name: string,
  faces: readonly ClassifiedFace[],
  scheme: Readonly<Record<string, readonly string[]>>,
): Record<string, unknown> {
  const labels = Object.keys(scheme);
  const sums = Object.values(scheme);
  const answered = faces.map(({ truth, probabilities, groups }) => {
    const masses = sums.map((parts) =>
      parts.reduce((sum, label) => sum + (probabilities.get(label) ?? 0), 0),
    );
    const best = argmax(masses);
    const right = labels[best] === truth;
    return { truth: labels.indexOf(truth), answer: best, probability: masses[best]!, right, groups };
  });
  const accuracyOf = (items: readonly { right: boolean }[]) =>
    share(items.filter(({ right }) => right).length, items.length);
  const accuracy = accuracyOf(answered);
  const recall = labels.map(
    (name, label) => [name, answered.filter(({ truth }) => truth === label)] as const,
  );
  const figures: Record<string, unknown> = {
    accuracy,
    ci95: ci95(accuracy, faces.length),
    calibration_error: calibrationError(answered),
    recall: Object.fromEntries(
      recall.filter(([, items]) => items.length > 0).map(([name, items]) => [name, accuracyOf(items)]),
    ),
    confusion_rows_true: labels.map((_, truth) =>
      labels.map(
        (_, answer) => answered.filter((face) => face.truth === truth && face.answer === answer).length,
      ),
    ),
  };
  for (const group of groupNames(answered)) {
    if (group !== name) figures[`by_${group}`] = byGroup(answered, group, accuracyOf);
  }
  return figures;
}

/** Expected calibration error (Guo et al., "On calibration of modern neural networks", 2017): over bins of the winner's probability, weighted by their faces. */
function calibrationError(answers: readonly { probability: number; right: boolean }[]): number {
  const bins = Array.from({ length: BINS }, (_, bin) =>
    answers.filter(
      ({ probability }) => Math.min(BINS, Math.max(1, Math.ceil(probability * BINS))) === bin + 1,
    ),
  );
  const error = bins.reduce((sum, bin) => {
    const accuracy = mean(bin.map(({ right }) => Number(right)));
    return sum + bin.length * Math.abs(accuracy - mean(bin.map(({ probability }) => probability)));
  }, 0);
  return round(error / Math.max(1, answers.length), 4);
}
