/** A logistic fitted to a pack's measured score distribution: likelihood = 1 / (1 + exp(-(slope cosine + intercept))). */
export interface Calibration {
  slope: number;
  intercept: number;
}

/** Cosines, ascending, each with the share of pairs of two people that have at least that: what was measured of an embedder. */
export type FalseMatchCurve = readonly (readonly [cosine: number, rate: number])[];

export type Verdict = "very_alike" | "quite_alike" | "a_little_alike" | "no_close_match";

/** The false positive rates to which a match has each verdict: one stranger in 100, in 10, in 3. */
const RATES: readonly (readonly [Verdict, number])[] = [
  ["very_alike", 1 / 100],
  ["quite_alike", 1 / 10],
  ["a_little_alike", 1 / 3],
];

/** The calibrated likelihood, 0..1, that two faces of this cosine are one person, were both equally common. */
export function likelihood(cosine: number, { slope, intercept }: Calibration): number {
  return 1 / (1 + Math.exp(-(slope * cosine + intercept)));
}

/**
 * The share of pairs of two people, 0..1, that are at least as alike as a cosine. Between two measured points its logarithm is a line;
 * above the last it stays at that point's rate and below the first it is 1: nothing sounds rarer than anybody has seen it.
 */
export function falseMatchRate(cosine: number, curve: FalseMatchCurve): number {
  const above = curve.findIndex(([at]) => at > cosine);
  if (above === 0) return 1;
  if (above === -1) return curve.at(-1)![1];
  const [[from, high], [to, low]] = [curve[above - 1]!, curve[above]!];
  return high * (low / high) ** ((cosine - from) / (to - from));
}

/**
 * The share of people, 0..1, who find somebody at least as alike among so many faces of others: 1 - (1 - rate)^faces. An upper bound
 * where several faces are one person's, for they resemble each other.
 */
export function falsePositiveRate(rate: number, faces: number): number {
  return 1 - (1 - rate) ** faces;
}

/** A match in words, by how many strangers find somebody as alike. */
export function verdictOf(falsePositives: number): Verdict {
  return RATES.find(([, rate]) => falsePositives <= rate)?.[0] ?? "no_close_match";
}
