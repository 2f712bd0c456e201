import { MatchesSchema, create, type Matches, type Verdict } from "@similarfaces/contracts";
import { modelName, type Manifest } from "@similarfaces/inference";
import { likelihood, round, verdictOf, type Calibration, type MatchThresholds } from "@similarfaces/vision";
import type { Nearest } from "../operations/gallery.js";

const DECIMALS = 4;

/** How a pack's score distribution turns a cosine into a likelihood of one person and a verdict. */
export interface Likeness {
  readonly calibration: Calibration;
  readonly thresholds: MatchThresholds;
}

/** @throws Error at once if the embedder's manifest lacks what matching needs */
export function likenessOf(manifest: Manifest): Likeness {
  const { calibration, thresholds } = manifest;
  const { fmr1e2, fmr1e3, fmr1e4 } = thresholds ?? {};
  if (!calibration || fmr1e2 === undefined || fmr1e3 === undefined || fmr1e4 === undefined) {
    throw new Error(
      `the manifest of ${modelName(manifest)} needs calibration and thresholds.fmr1e2, fmr1e3, fmr1e4`,
    );
  }
  return { calibration, thresholds: { fmr1e2, fmr1e3, fmr1e4 } };
}

/** The nearest of the gallery, however far, each with its likelihood and verdict. */
export function matchesOf(
  { candidates, galleryFaces }: Nearest,
  likeness: Likeness,
  likelihoodMin = 0,
): Matches {
  const { calibration, thresholds } = likeness;
  const matches = candidates
    .map(({ similarity, ...candidate }) => ({
      ...candidate,
      similarity: round(similarity, DECIMALS),
      likelihood: round(likelihood(similarity, calibration), DECIMALS),
      verdict: verdictOf(similarity, thresholds),
    }))
    .filter((match) => match.likelihood >= likelihoodMin);
  const verdict: Verdict = matches[0]?.verdict ?? "no_close_match";
  return create(MatchesSchema, { matches, galleryFaces, verdict });
}
