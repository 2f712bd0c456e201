import type { FalseMatches } from "@similarfaces/inference";
import { round } from "@similarfaces/vision";

const DECIMALS = 4;
/** A cosine that fewer false matches than this decide is an accident. */
const FALSE_MATCHES_MIN = 10;
const DECADES = 7;
/** 0.5, 0.2, 0.1, 0.05, ... down to one in ten million. */
const RATES = Array.from({ length: DECADES }, (_, decade) =>
  [5, 2, 1].map((n) => n / 10 ** (decade + 1)),
).flat();

/** The rates that tables name. */
export const NAMED_RATES: readonly number[] = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6];

/** Of the cosines of pairs of two people, ascending: each rate that enough of them decide, with the cosine that this share exceeds. */
export function falseMatchCurve(cosines: Float32Array): FalseMatches["curve"] {
  const points = RATES.filter((rate) => rate * cosines.length >= FALSE_MATCHES_MIN).map(
    (rate) =>
      [round(cosines[cosines.length - 1 - Math.floor(rate * cosines.length)]!, DECIMALS), rate] as const,
  );
  // Where several rates have one cosine, the most frequent is true of it.
  return points.filter(([cosine], i) => i === 0 || cosine > points[i - 1]![0]);
}
