import { MatchesSchema, create, type Matches, type Verdict } from "@similarfaces/contracts";
import type { Manifest } from "@similarfaces/inference";
import { likelihood, round, verdictOf, type Calibration, type MatchThresholds } from "@similarfaces/vision";
import { badRequest } from "../operations/checks.js";
import type { Nearest } from "../operations/gallery.js";

const DECIMALS = 4;

/** How a pack's score distribution turns a cosine into a likelihood of one person and a verdict. */
export interface Likeness {
  readonly calibration: Calibration;
  readonly thresholds: MatchThresholds;
}

/**
 * Undefined for an embedder whose scores nobody has measured: its manifest has neither calibration nor thresholds.
 * @throws Error at once if the manifest has only part of what a verdict needs
 */
export function likenessOf(manifest: Manifest): Likeness | undefined {
  const { calibration, thresholds } = manifest;
  const { fmr1e2, fmr1e3, fmr1e4 } = thresholds ?? {};
  if (calibration && fmr1e2 !== undefined && fmr1e3 !== undefined && fmr1e4 !== undefined) {
    return { calibration, thresholds: { fmr1e2, fmr1e3, fmr1e4 } };
  }
  if (!calibration && !thresholds) return undefined;
  throw new Error(
    `the manifest of ${manifest.id} needs calibration and thresholds.fmr1e2, fmr1e3, fmr1e4, or none of them`,
  );
}

/**
 * The nearest of the gallery, however far, each with its likelihood and verdict; without a likeness all are `uncalibrated`.
 * @throws StageFailure bad_request where a likelihood is wanted and there is none
 */
export function matchesOf(
  { candidates, galleryFaces }: Nearest,
  likeness: Likeness | undefined,
  likelihoodMin = 0,
): Matches {
  if (!likeness && likelihoodMin > 0) {
    throw badRequest(
      "The embedder in use has no calibration, and so no likelihoods: leave minLikelihood out.",
    );
  }
  const matches = candidates
    .map(({ similarity, ...candidate }) => ({
      ...candidate,
      similarity: round(similarity, DECIMALS),
      ...wordsOf(similarity, likeness),
    }))
    .filter((match) => match.likelihood === undefined || match.likelihood >= likelihoodMin);
  const verdict: Verdict = matches[0]?.verdict ?? "no_close_match";
  return create(MatchesSchema, { matches, galleryFaces, verdict });
}

function wordsOf(cosine: number, likeness: Likeness | undefined): { likelihood?: number; verdict: Verdict } {
  if (!likeness) return { verdict: "uncalibrated" };
  const { calibration, thresholds } = likeness;
  return {
    likelihood: round(likelihood(cosine, calibration), DECIMALS),
    verdict: verdictOf(cosine, thresholds),
  };
}
