import {
  shownVerdict,
  type Caution,
  type MatchJson,
  type MatchesJson,
  type Verdict,
} from "@similarfaces/contracts/job";
import { capitalised } from "@similarfaces/contracts/texts";
import { formatPercent } from "../formats";

const VERDICTS: Readonly<Record<Verdict, string>> = {
  very_alike: "Very alike",
  quite_alike: "Quite alike",
  a_little_alike: "A little alike",
  no_close_match: "Not close",
  uncalibrated: "Similarity",
};

/** What the page says where an embedder's pack has no calibration. */
const UNCALIBRATED = "This embedder's pack says nothing of likelihood.";

/** How alike one portrait is. */
export const verdictWords = (verdict: Verdict): string => VERDICTS[verdict];

/** The figure beside the word: a likelihood, or the bare similarity where there is none. */
export const figureWords = ({ likelihood, similarity }: MatchJson): string =>
  likelihood === undefined ? similarity.toFixed(2) : formatPercent(likelihood);

/** The matches as one sentence, from the verdict over all of them as the cautions leave it. */
export function matchesSentence(
  { matches, galleryFaces, verdict: answered }: MatchesJson,
  cautions: readonly Caution[],
): string {
  const verdict = shownVerdict(answered, cautions);
  if (matches.length === 0) {
    return galleryFaces === 0
      ? "The gallery is empty: there is nobody to compare with."
      : "Nobody to compare with.";
  }
  if (verdict === "no_close_match") return "No close match; these are the nearest.";
  const [nearest] = matches as [MatchJson];
  if (verdict === "uncalibrated") return `Nearest: ${nearest.name}, similarity ${figureWords(nearest)}`;
  return `${verdictWords(verdict)}: ${nearest.name}`;
}

/** What a card has below the portraits. */
export const notesOf = ({ matches, verdict }: MatchesJson, cautions: readonly Caution[]): string[] => [
  ...(matches.length > 0 ? cautions.map(({ message }) => `${capitalised(message)}.`) : []),
  ...(verdict === "uncalibrated" ? [UNCALIBRATED] : []),
];

/** Sentence and notes, for screen readers. */
export const spokenMatches = (matches: MatchesJson, cautions: readonly Caution[]): string[] => [
  matchesSentence(matches, cautions),
  ...notesOf(matches, cautions),
];
