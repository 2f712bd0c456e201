import { MatchesSchema, create, type Match, type Matches, type Verdict } from "@similarfaces/contracts";
import type { Manifest } from "@similarfaces/inference";
import {
  falseMatchRate,
  falsePositiveRate,
  likelihood,
  round,
  verdictOf,
  type Calibration,
  type FalseMatchCurve,
} from "@similarfaces/vision";
import { badRequest } from "../operations/checks.js";
import type { Nearest } from "../operations/gallery.js";

const DECIMALS = 4;
/** Of rates, which may be very small. */
const DIGITS = 3;

/** What was measured of an embedder's cosines: how likely one of them means one person, and how often strangers have it. */
export interface Likeness {
  readonly calibration: Calibration;
  readonly curve: FalseMatchCurve;
}

/** Undefined for an embedder whose cosines nobody has measured: its manifest has neither calibration nor curve, or it is refused. */
export function likenessOf({ calibration, falseMatches }: Manifest): Likeness | undefined {
  return calibration && falseMatches && { calibration, curve: falseMatches.curve };
}

/**
 * The nearest of the gallery, however far, each with its likelihood, its rates and the verdict that follows from them and the number
 * of faces that were searched; without a likeness all are `uncalibrated`.
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
      ...likenessOfPair(similarity, galleryFaces, likeness),
    }))
    .filter((match) => match.likelihood === undefined || match.likelihood >= likelihoodMin);
  const verdict: Verdict = matches[0]?.verdict ?? "no_close_match";
  return create(MatchesSchema, { matches, galleryFaces, verdict });
}

/** The likelihood is the pair's own; the verdict is by how many strangers find somebody as alike in a gallery of this size. */
function likenessOfPair(
  cosine: number,
  galleryFaces: number,
  likeness: Likeness | undefined,
): Pick<Match, "likelihood" | "falseMatchRate" | "falsePositiveRate"> & { verdict: Verdict } {
  if (!likeness) return { verdict: "uncalibrated" };
  const rate = falseMatchRate(cosine, likeness.curve);
  const falsePositives = falsePositiveRate(rate, galleryFaces);
  return {
    likelihood: round(likelihood(cosine, likeness.calibration), DECIMALS),
    falseMatchRate: Number(rate.toPrecision(DIGITS)),
    falsePositiveRate: Number(falsePositives.toPrecision(DIGITS)),
    verdict: verdictOf(falsePositives),
  };
}
