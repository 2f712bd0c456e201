import { fieldOf, type AnalysisJson, type FaceView, type Field } from "@similarfaces/contracts/job";
import { announcementOf, inOrder } from "../analyzers";
import { isAnalysis } from "../stages";
import { capitalised, nameInWords, percentText, textIn } from "@similarfaces/contracts/texts";
import { answerWords, isPanel, shownAnswers, type ShownAnswer } from "@similarfaces/contracts/answers";
import { spokenMatches } from "./matchWords";

/** The words at the card and the box of a skipped face. */
export const SKIPPED = "Too small or blurred to say";

/** Below this score it may be no face: most pictures of things that are taken for faces have less (models/evaluate/README.md), few faces do. */
const DOUBTFUL = 0.75;

/** How sure the models are that it is a face at all, 0..1, in words. */
export const surenessWords = (score: number): string =>
  score < DOUBTFUL
    ? `Perhaps not a face: only ${percentText(score)} sure`
    : `${percentText(score)} sure it's a face`;

/** Why a skipped face has no answers: what there is of it in the photo. */
export function skippedReason({ box, fields }: FaceView): string {
  const quality = fields["quality"] as Field<AnalysisJson> | undefined;
  const answers = quality?.state === "done" ? quality.value.answers : [];
  const sharpness = answers.find(({ name }) => name === "sharpness")?.measure?.value;
  const pixels = `${Math.round(box.width)} × ${Math.round(box.height)} pixels`;
  const sharp = sharpness === undefined ? "" : `, with a sharpness of ${sharpness.toFixed(2)}`;
  return `All there is of it is ${pixels}${sharp}, so no model was asked about it.`;
}

/** A few words at the face itself: what its analyzers announce as a tag, as guesses like those of the card. */
export function tagWords(face: FaceView): string {
  if (face.skipped) return SKIPPED.toLowerCase();
  const tags = answersOf(face).flatMap((answers) => answers.filter(({ spec }) => spec.tag));
  return tags
    .map(answerWords)
    .map((words, at, all) => withoutRepetition(words, all[at - 1]))
    .join(", ");
}

/** "looks 31, looks happy" is read as "looks 31, happy": the guess stays one. */
function withoutRepetition(words: string, before = ""): string {
  const [first, ...rest] = words.split(" ");
  return rest.length > 0 && before.startsWith(`${first} `) ? rest.join(" ") : words;
}

/** Everything known of a face as one sentence, for screen readers; figures that stand in a panel are left to the card. */
export function faceSentence(face: FaceView): string {
  if (face.skipped) return `${SKIPPED}. ${skippedReason(face)}`;
  const shown = answersOf(face).filter((answers) => !isPanel(answers.map(({ spec }) => spec)));
  const match = fieldOf(face, "match");
  const parts = [
    ...shown.flatMap((answers) => answers.map((answer) => capitalised(spokenOf(answer)))),
    ...(match?.state === "done" ? spokenMatches(match.value, face.cautions) : []),
  ];
  return parts.length > 0 ? parts.map((part) => part.replace(/\.$/, "")).join(". ") + "." : "No answers.";
}

/** Every field has its answer, for good. */
export const isSettled = ({ fields }: FaceView): boolean =>
  Object.values(fields).every(({ state }) => state !== "pending");

/** A figure without words says what it is a figure of. */
function spokenOf(shown: ShownAnswer): string {
  const { title, name, measure } = shown.spec;
  const words = answerWords(shown);
  return measure && !textIn(measure.words) ? `${textIn(title) || nameInWords(name)} ${words}` : words;
}

/** What each analyzer has answered. */
function answersOf({ fields }: FaceView): ShownAnswer[][] {
  return inOrder(Object.keys(fields).filter(isAnalysis)).flatMap((stage) => {
    const field = fields[stage] as Field<AnalysisJson>;
    if (field.state !== "done") return [];
    return [shownAnswers(announcementOf(stage), field.value).filter(({ answer }) => answer)];
  });
}
