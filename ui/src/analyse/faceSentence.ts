import type { FaceView } from "@similarfaces/contracts/job";
import { ageWords, emotionWords, genderWords, matchesSentence, raceWords } from "./words";

/** Everything known of a face as one sentence, for who listens. */
export function faceSentence({ fields: { age, gender, emotion, race, match } }: FaceView): string {
  const parts = [
    age?.state === "done" && ageWords(age.value),
    gender?.state === "done" && genderWords(gender.value),
    emotion?.state === "done" && emotionWords(emotion.value),
    race?.state === "done" && raceWords(race.value),
    match?.state === "done" && matchesSentence(match.value),
  ].filter((part) => part !== false && part !== undefined);
  return parts.length > 0 ? parts.map((part) => part.replace(/\.$/, "")).join(". ") + "." : "No answers.";
}

/** Every field has its answer, for good. */
export const isSettled = ({ fields }: FaceView): boolean =>
  Object.values(fields).every(({ state }) => state !== "pending");
