import type {
  AgeJson,
  ClassificationJson,
  FaceView,
  MatchesJson,
  Verdict,
} from "@similarfaces/contracts/job";

/** A model's answers in words that say that they are guesses. */

const VERDICTS: Readonly<Record<Verdict, string>> = {
  very_alike: "Very alike",
  quite_alike: "Quite alike",
  a_little_alike: "A little alike",
  no_close_match: "Not close",
};

/** How alike one portrait is. */
export const verdictWords = (verdict: Verdict): string => VERDICTS[verdict];

/** What the five portraits together say. */
export function matchesSentence({ matches, galleryFaces, verdict }: MatchesJson): string {
  if (matches.length === 0) {
    return galleryFaces === 0
      ? "The gallery is empty: there is nobody to compare with."
      : "Nobody to compare with.";
  }
  if (verdict === "no_close_match") return "No close match; these are the nearest.";
  return `${verdictWords(verdict)}: ${matches[0]!.name}`;
}

export const ageWords = ({ years }: AgeJson): string => `Looks ${Math.round(years)}`;

export const ageRangeWords = ({ lowYears, highYears }: AgeJson): string =>
  `80 % sure: ${Math.round(lowYears)} to ${Math.round(highYears)}`;

/** Below this a guess is hardly better than the next one. */
const UNSURE = 0.6;

export function genderWords({ label, probability }: ClassificationJson): string {
  const noun = label === "female" ? "woman" : label === "male" ? "man" : label;
  return `${probability < UNSURE ? "Perhaps" : "Probably"} a ${noun}`;
}

const EMOTIONS: Readonly<Record<string, string>> = {
  angry: "angry",
  disgust: "disgusted",
  fear: "afraid",
  happy: "happy",
  sad: "sad",
  surprise: "surprised",
  neutral: "neutral",
};

export const emotionName = (label: string): string => EMOTIONS[label] ?? label;

export const emotionWords = ({ label, probability }: ClassificationJson): string =>
  `${probability < UNSURE ? "Perhaps" : "Looks"} ${emotionName(label)}`;

/** "Latino_Hispanic" is how the data set writes it. */
export const raceName = (label: string): string => label.replace("_", " or ");

export const raceWords = ({ label, probability }: ClassificationJson): string =>
  `${probability < UNSURE ? "Unsure" : "Model's label"}: ${raceName(label)}`;

export const genderName = (label: string): string =>
  label === "female" ? "woman" : label === "male" ? "man" : label;

/** The most probable first. */
export function ranked({ probabilities }: ClassificationJson): ClassificationJson["probabilities"] {
  return [...probabilities].sort((a, b) => b.probability - a.probability);
}

/** A few words at the face itself. */
export function tagWords({ fields: { age, emotion } }: FaceView): string {
  const parts = [
    age?.state === "done" && `looks ${Math.round(age.value.years)}`,
    emotion?.state === "done" && emotionName(emotion.value.label),
  ];
  return parts.filter((part) => part !== false && part !== undefined).join(", ");
}
