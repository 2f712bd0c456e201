import type { Manifest } from "@similarfaces/inference";
import { round } from "@similarfaces/vision";
import { NAMED_RATES } from "./falseMatches.js";
import { mean, share } from "./shares.js";

export interface ComparedPair {
  readonly cosine: number;
  readonly same: boolean;
  readonly fold: number;
}

const THRESHOLDS = Array.from({ length: 1201 }, (_, i) => i / 1000 - 0.2);

/**
 * LFW's protocol: the accuracy on each fold with the threshold that is best on the others; and on all pairs, true and false matches at the
 * cosines that the pack's own curve has for the false match rates that tables name.
 */
export function measureVerification(
  pairs: readonly ComparedPair[],
  folds: number,
  falseMatches: Manifest["falseMatches"],
): Record<string, unknown> {
  const accuracies = Array.from({ length: folds }, (_, fold) => {
    const others = pairs.filter((pair) => pair.fold !== fold);
    const held = pairs.filter((pair) => pair.fold === fold);
    return accuracyAt(held, bestThreshold(others.length > 0 ? others : held));
  });
  const average = mean(accuracies);
  const deviation = Math.sqrt(mean(accuracies.map((accuracy) => (accuracy - average) ** 2)));
  const genuine = pairs.filter(({ same }) => same);
  const impostor = pairs.filter(({ same }) => !same);
  const own = (falseMatches?.curve ?? []).filter(([, rate]) => NAMED_RATES.includes(rate));
  const sharesAt = (part: readonly ComparedPair[]) =>
    Object.fromEntries(
      own.map(([threshold, rate]) => [
        String(rate),
        share(part.filter(({ cosine }) => cosine >= threshold).length, part.length),
      ]),
    );
  return {
    accuracy: round(average, 4),
    std: round(deviation, 4),
    genuine: genuine.length,
    impostor: impostor.length,
    true_matches_at_fmr: sharesAt(genuine),
    false_matches_at_fmr: sharesAt(impostor),
  };
}

function bestThreshold(pairs: readonly ComparedPair[]): number {
  let best = { threshold: 0, accuracy: -1 };
  for (const threshold of THRESHOLDS) {
    const accuracy = accuracyAt(pairs, threshold);
    if (accuracy > best.accuracy) best = { threshold, accuracy };
  }
  return best.threshold;
}

function accuracyAt(pairs: readonly ComparedPair[], threshold: number): number {
  return pairs.filter(({ cosine, same }) => cosine > threshold === same).length / Math.max(1, pairs.length);
}
