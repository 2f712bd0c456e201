import { argmax, round } from "@similarfaces/vision";
import { byGroup, ci95, groupNames, mean, share } from "./shares.js";

export interface AgedFace {
  /** Years, or the index of an age group. */
  readonly truth: number;
  readonly years: number;
  /** Of each whole year, from 0 on. */
  readonly probabilities: readonly number[];
  readonly groups: Readonly<Record<string, string>>;
}

/** Against years: the mean error; `mae_by_age` also counts. */
export function measureYears(faces: readonly AgedFace[]): Record<string, unknown> {
  const errors = faces.map((face) => ({ ...face, error: Math.abs(face.years - face.truth) }));
  const mae = (items: readonly { error: number }[]) => round(mean(items.map(({ error }) => error)), 2);
  const figures: Record<string, unknown> = {
    mae_years: mae(errors),
    within_5: share(errors.filter(({ error }) => error <= 5).length, errors.length),
  };
  for (const group of groupNames(errors)) {
    const told = group === "age" ? (items: typeof errors) => [mae(items), items.length] : mae;
    figures[`mae_by_${group}`] = byGroup(errors, group, (items) => told([...items]));
  }
  return figures;
}

/** Against age groups: how often the group with the most probability is the right one, or next to it. */
export function measureAgeBins(
  faces: readonly AgedFace[],
  bins: readonly (readonly [number, number])[],
): Record<string, unknown> {
  const answered = faces.map(({ truth, probabilities, groups }) => {
    const masses = bins.map(([first, last]) =>
      probabilities.slice(first, last + 1).reduce((sum, probability) => sum + probability, 0),
    );
    return { away: Math.abs(argmax(masses) - truth), groups };
  });
  const accuracyOf = (items: readonly { away: number }[]) =>
    share(items.filter(({ away }) => away === 0).length, items.length);
  const accuracy = accuracyOf(answered);
  const figures: Record<string, unknown> = {
    [`bin${bins.length}_accuracy`]: accuracy,
    ci95: ci95(accuracy, answered.length),
    within_one_bin: share(answered.filter(({ away }) => away <= 1).length, answered.length),
  };
  for (const group of groupNames(answered)) figures[`by_${group}`] = byGroup(answered, group, accuracyOf);
  return figures;
}
