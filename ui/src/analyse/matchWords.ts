import type { MatchesJson, Verdict } from "@similarfaces/contracts/job";

const VERDICTS: Readonly<Record<Verdict, string>> = {
  very_alike: "Very alike",
  quite_alike: "Quite alike",
  a_little_alike: "A little alike",
  no_close_match: "Not close",
};

/** How alike one portrait is. */
export const verdictWords = (verdict: Verdict): string => VERDICTS[verdict];

/** The matches as one sentence, from the verdict over all of them. */
export function matchesSentence({ matches, galleryFaces, verdict }: MatchesJson): string {
  if (matches.length === 0) {
    return galleryFaces === 0
      ? "The gallery is empty: there is nobody to compare with."
      : "Nobody to compare with.";
  }
  if (verdict === "no_close_match") return "No close match; these are the nearest.";
  return `${verdictWords(verdict)}: ${matches[0]!.name}`;
}
