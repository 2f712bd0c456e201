import type { MatchesJson, Verdict } from "./shapes.js";

/** What is said of two faces' likeness; `uncalibrated` says nothing of it. */
export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  very_alike: "very alike",
  quite_alike: "quite alike",
  a_little_alike: "a little alike",
  no_close_match: "no close match",
  uncalibrated: "nearest by an embedder that nobody has measured",
};

/** From this false positive rate on, nobody is surprised by a stranger who is as alike. */
const MOST = 0.5;
const DIGITS = 2;

/**
 * A match's false positive rate as how often somebody who is not in the gallery finds a face as alike in it: "one stranger in 13";
 * rounded to what is more often, so that nothing sounds rarer than it is.
 */
export function strangersText(falsePositiveRate: number): string {
  if (falsePositiveRate > MOST) return "most strangers";
  const times = 1 / falsePositiveRate;
  const step = 10 ** Math.max(0, Math.floor(Math.log10(times)) - DIGITS + 1);
  return `one stranger in ${(Math.floor(times / step) * step).toLocaleString("en")}`;
}

/** "In a gallery of 76, one stranger in 13 looks as alike", of the nearest; empty where nobody has measured it, or nobody is there. */
export function nearestText({ matches, galleryFaces }: MatchesJson): string {
  const rate = matches[0]?.falsePositiveRate;
  if (rate === undefined) return "";
  const strangers = strangersText(rate);
  const verb = strangers.startsWith("one") ? "looks" : "look";
  return `In a gallery of ${galleryFaces.toLocaleString("en")}, ${strangers} ${verb} as alike`;
}
