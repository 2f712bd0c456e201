import { argmax } from "@similarfaces/vision";
import { byGroup, ci95, groupNames, share } from "./shares.js";

export interface ClassifiedFace {
  /** In the data's words. */
  readonly truth: string;
  /** The model's probability of each of its labels. */
  readonly probabilities: ReadonlyMap<string, number>;
  readonly groups: Readonly<Record<string, string>>;
}

/**
 * Accuracy overall, by label (recall) and by every group but the one that is measured; the confusion table has the truth as rows.
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
    const best = argmax(
      sums.map((parts) => parts.reduce((sum, label) => sum + (probabilities.get(label) ?? 0), 0)),
    );
    return { truth: labels.indexOf(truth), answer: best, right: labels[best] === truth, groups };
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
