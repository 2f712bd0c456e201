import {
  shownVerdict,
  type Caution,
  type MatchJson,
  type MatchesJson,
  type Verdict,
} from "@similarfaces/contracts/job";
import { VERDICT_WORDS, nearestText, strangersText } from "@similarfaces/contracts/likeness";
import { capitalised, percentText } from "@similarfaces/contracts/texts";

/** What the page says where nobody has measured the embedder. */
const UNCALIBRATED = "Nobody has measured what this embedder's similarities mean.";

/** How alike one portrait is: in words, or as the bare similarity where nobody has measured what it means. */
export function likenessWords({ verdict, similarity }: MatchJson, cautions: readonly Caution[]): string {
  if (verdict === "uncalibrated") return `Similarity ${similarity.toFixed(2)}`;
  return capitalised(VERDICT_WORDS[shownVerdict(verdict, cautions)]);
}

/** The matches as one sentence, from the verdict over all of them as the cautions leave it. */
export function matchesSentence(
  { matches, galleryFaces, verdict: answered }: MatchesJson,
  cautions: readonly Caution[],
): string {
  const [nearest] = matches;
  if (!nearest) {
    return galleryFaces === 0
      ? "The gallery is empty: there is nobody to compare with."
      : "Nobody to compare with.";
  }
  const verdict = shownVerdict(answered, cautions);
  if (verdict === "no_close_match") {
    return `No close match; ${matches.length === 1 ? "this is" : "these are"} the nearest.`;
  }
  if (verdict === "uncalibrated") {
    return `Nearest: ${nearest.name}, similarity ${nearest.similarity.toFixed(2)}`;
  }
  return `${capitalised(VERDICT_WORDS[verdict])}: ${nearest.name}`;
}

/** How much the sentence means: how many strangers look as alike in a gallery of this size; empty where nobody can tell. */
export function strangersSentence(matches: MatchesJson): string {
  const text = nearestText(matches);
  return text && `${text}.`;
}

/** What a card has below the portraits. */
export const notesOf = ({ matches, verdict }: MatchesJson, cautions: readonly Caution[]): string[] => [
  ...(matches.length > 0 ? cautions.map(({ message }) => `${capitalised(message)}.`) : []),
  ...(verdict === "uncalibrated" ? [UNCALIBRATED] : []),
];

/** Sentences and notes, for screen readers. */
export const spokenMatches = (matches: MatchesJson, cautions: readonly Caution[]): string[] =>
  [matchesSentence(matches, cautions), strangersSentence(matches), ...notesOf(matches, cautions)].filter(
    (text) => text !== "",
  );

/** One match in figures: the pair's own, and what the gallery makes of it. */
export interface MatchFigures {
  readonly name: string;
  readonly similarity: string;
  /** Undefined, as is the likelihood, where nobody has measured the embedder. */
  readonly strangers: string | undefined;
  readonly likelihood: string | undefined;
}

export const figuresOf = ({ name, similarity, falsePositiveRate, likelihood }: MatchJson): MatchFigures => ({
  name,
  similarity: similarity.toFixed(2),
  strangers: falsePositiveRate === undefined ? undefined : capitalised(strangersText(falsePositiveRate)),
  likelihood: likelihood === undefined ? undefined : percentText(likelihood),
});

/** The words of the four-step meter beside them; `uncalibrated` has none. */
const STEPS: readonly Verdict[] = ["no_close_match", "a_little_alike", "quite_alike", "very_alike"];

/** 1 to 4; 0 where nobody can tell. */
export const meterStep = (verdict: Verdict): number => STEPS.indexOf(verdict) + 1;
