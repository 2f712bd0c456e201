/** A logistic fitted to a pack's measured score distribution: likelihood = 1 / (1 + exp(-(slope cosine + intercept))). */
export interface Calibration {
  slope: number;
  intercept: number;
}

/** Cosines at which one of 10,000, 1,000 and 100 pairs of strangers would be taken for one person. */
export interface MatchThresholds {
  fmr1e4: number;
  fmr1e3: number;
  fmr1e2: number;
}

export type Verdict = "very_alike" | "quite_alike" | "a_little_alike" | "no_close_match";

/** The calibrated likelihood, 0..1, that two faces of this cosine are one person, were both equally common. */
export function likelihood(cosine: number, { slope, intercept }: Calibration): number {
  return 1 / (1 + Math.exp(-(slope * cosine + intercept)));
}

/** A cosine in words, by false match rate. */
export function verdictOf(cosine: number, { fmr1e4, fmr1e3, fmr1e2 }: MatchThresholds): Verdict {
  if (cosine >= fmr1e4) return "very_alike";
  if (cosine >= fmr1e3) return "quite_alike";
  if (cosine >= fmr1e2) return "a_little_alike";
  return "no_close_match";
}
