import { argmax, round } from "@similarfaces/vision";
import type { Measure } from "../answers.js";
import type { Range } from "../dataset.js";
import { byGroup, ci95, groupNames, mean, median, share } from "./shares.js";

export interface MeasuredFace {
  /** In the measure's unit, or the index of a range. */
  readonly truth: number;
  readonly value: number;
  /** Of each of the measure's bins, where it has any. */
  readonly probabilities: readonly number[];
  /** The bounds of its interval, where it has one. */
  readonly interval?: readonly [low: number, high: number];
  readonly groups: Readonly<Record<string, string>>;
}

/** An error up to this share of the measure's range counts as near: of an age from 0 to 100, five years. */
const NEAR = 0.05;

/**
 * Against values: the mean absolute error, the share of errors that are near where the measure has a range, and how often the interval
 * that is shown holds the truth. Errors also by groups; where these are of the measure itself (ages by ten years) with their numbers of
 * faces.
 */
export function measureValues(
  { name, unit, range, interval }: Measure,
  faces: readonly MeasuredFace[],
): Record<string, unknown> {
  const errors = faces.map((face) => ({ ...face, error: Math.abs(face.value - face.truth) }));
  const mae = (items: readonly { error: number }[]) => round(mean(items.map(({ error }) => error)), 2);
  const figures: Record<string, unknown> = {
    [unit === "" ? "mae" : `mae_${unit}`]: mae(errors),
  };
  if (range) {
    const near = round(NEAR * (range[1] - range[0]), 2);
    figures[`within_${near}`] = share(errors.filter(({ error }) => error <= near).length, errors.length);
  }
  if (interval) Object.assign(figures, measureIntervals(interval, unit, faces));
  for (const group of groupNames(errors)) {
    const figure = group === name ? (items: typeof errors) => [mae(items), items.length] : mae;
    figures[`mae_by_${group}`] = byGroup(errors, group, (items) => figure([...items]));
  }
  return figures;
}

/** Of the bounds as they are shown: whole years hold a truth of whole years. */
function measureIntervals(
  { share: held, decimals }: NonNullable<Measure["interval"]>,
  unit: string,
  faces: readonly MeasuredFace[],
): Record<string, unknown> {
  const shown = faces.flatMap(({ truth, interval }) =>
    interval ? [{ truth, low: round(interval[0], decimals), high: round(interval[1], decimals) }] : [],
  );
  const covered = shown.filter(({ truth, low, high }) => truth >= low && truth <= high);
  const width = median(shown.map(({ low, high }) => high - low));
  return {
    [`covered_by_${round(100 * held, 1)}_percent_interval`]: share(covered.length, shown.length),
    [`median_width_of_interval${unit === "" ? "" : `_${unit}`}`]: round(width, decimals),
  };
}

/**
 * Against ranges: how often the one with the most probability is the right one, or next to it. A measure without a distribution is in the
 * range of its value.
 */
export function measureRanges(
  { bins }: Measure,
  faces: readonly MeasuredFace[],
  ranges: readonly Range[],
): Record<string, unknown> {
  const rangeOfBin = bins?.map((value) => nearestRange(ranges, value));
  const answered = faces.map(({ truth, value, probabilities, groups }) => {
    const masses = ranges.map(() => 0);
    if (rangeOfBin) for (const [bin, range] of rangeOfBin.entries()) masses[range]! += probabilities[bin]!;
    else masses[nearestRange(ranges, value)] = 1;
    return { away: Math.abs(argmax(masses) - truth), groups };
  });
  const accuracyOf = (items: readonly { away: number }[]) =>
    share(items.filter(({ away }) => away === 0).length, items.length);
  const accuracy = accuracyOf(answered);
  const figures: Record<string, unknown> = {
    [`bin${ranges.length}_accuracy`]: accuracy,
    ci95: ci95(accuracy, answered.length),
    within_one_bin: share(answered.filter(({ away }) => away <= 1).length, answered.length),
  };
  for (const group of groupNames(answered)) figures[`by_${group}`] = byGroup(answered, group, accuracyOf);
  return figures;
}

/** The range that a value, in whole units, lies in, or the one that is nearest to it. */
function nearestRange(ranges: readonly Range[], value: number): number {
  const unit = Math.round(value);
  const closeness = ranges.map(([first, last]) => Math.min(unit - first, last - unit, 0));
  return argmax(closeness);
}
