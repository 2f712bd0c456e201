import { answerWords, intervalText, shownAnswers } from "@similarfaces/contracts/answers";
import { percentText } from "@similarfaces/contracts/texts";
import {
  VERDICT_WORDS,
  fieldOf,
  readingOrder,
  shownVerdict,
  strangersText,
  type AnalysisJson,
  type AnnouncementJson,
  type Caution,
  type ExtractedJson,
  type FaceJson,
  type JobState,
  type MatchesJson,
  type ResultEvent,
} from "@similarfaces/contracts";

/** Of the column that says who answers; wider where an analyzer of the job has a longer name. */
const STAGE_WIDTH = 8;

/**
 * One result as lines for a terminal: when it came, what it says, how long it waited and worked. What `extract` answers of each face
 * along with its boxes has a line of its own; so have matches that this result makes less certain. None for what says nothing.
 */
export function describeEvent(
  name: string,
  event: ResultEvent,
  job: JobState,
  analyzers: readonly AnnouncementJson[],
): string[] {
  const stages = job.accepted?.stages ?? [];
  const width = Math.max(STAGE_WIDTH, ...stages.map(({ length }) => length));
  const line = (stage: string, face: number | undefined, text: string, cost: string) => {
    const subject = face === undefined ? "photo" : `face ${faceNumber(job, face)}`;
    const at = arrivalOf(event, job).padStart(9);
    return `${name}  ${at}  ${subject.padEnd(8)}${stage.padEnd(width)} ${text.padEnd(64)}  ${cost}`.trimEnd();
  };
  const face = job.faces.find(({ index }) => index === event.face);
  const cautions = face?.cautions ?? [];
  const text = textOf(event, analyzers, cautions);
  if (text === "") return [];
  const faces = event.extract ? facesRead(event.extract) : [];
  const match = face && fieldOf(face, "match");
  const isLowered = cautions.some(({ stage }) => stage === event.stage) && match?.state === "done";
  return [
    line(event.stage, event.face, text, costOf(event)),
    ...(isLowered ? [line("match", event.face, matchesText(match.value, cautions), "")] : []),
    ...faces.flatMap(({ index, quality, skipped }) => [
      ...(quality && stages.includes("quality")
        ? [line("quality", index, analysisText("quality", quality, analyzers), "")]
        : []),
      ...(skipped ? [line("", index, "too small or blurred to say", "")] : []),
    ]),
  ];
}

/** As it is counted on the photo, from 1; by its index while `extract` has not said where it is. */
export function faceNumber({ extract }: JobState, index: number): number {
  return extract.state === "done" ? readingOrder(extract.value).indexOf(index) + 1 : index + 1;
}

function arrivalOf({ timings }: ResultEvent, { accepted }: JobState): string {
  if (!timings || !accepted) return "";
  return `+${Math.max(0, Math.round(timings.finishedAtMs - accepted.acceptedAtMs))} ms`;
}

function costOf({ timings }: ResultEvent): string {
  if (!timings) return "";
  const { queuedAtMs, startedAtMs, finishedAtMs } = timings;
  return `wait ${ms(startedAtMs - queuedAtMs)}, work ${ms(finishedAtMs - startedAtMs)}`;
}

function textOf(
  event: ResultEvent,
  analyzers: readonly AnnouncementJson[],
  cautions: readonly Caution[],
): string {
  if (event.failure) return `${event.failure.message} (${event.failure.code})`;
  if (event.extract) return facesText(event.extract);
  if (event.analysis) return analysisText(event.stage, event.analysis, analyzers);
  if (event.match) return matchesText(event.match, cautions);
  if (event.enrol) return `is now ${event.enrol.name} in the gallery`;
  // Vectors are for programs: --json has them.
  if (event.embed) return "512 numbers";
  return "";
}

/** The faces in the order of their numbers. */
function facesRead(extract: ExtractedJson): FaceJson[] {
  return readingOrder(extract).flatMap((index) => extract.faces.filter((face) => face.index === index));
}

function facesText(extract: ExtractedJson): string {
  const { faces, facesOmitted, size, turned, truncated } = extract;
  const boxes = facesRead(extract).map(
    ({ box, score }) =>
      `[${Math.round(box.x)},${Math.round(box.y)} ${Math.round(box.width)}x${Math.round(box.height)} ${score.toFixed(2)}]`,
  );
  const shown = boxes.slice(0, 4).join(" ") + (boxes.length > 4 ? " ..." : "");
  const more = facesOmitted > 0 ? `, ${facesOmitted} more not analysed` : "";
  const count = `${faces.length} face${faces.length === 1 ? "" : "s"}${more}`;
  const about = `${truncated ? ", cut short" : ""}${turned > 0 ? `, upright when turned by ${turned}°` : ""}`;
  return `${size.width}x${size.height}, ${count}${about} ${shown}`;
}

/** Every answer in the words of the analyzer's announcement, with how sure it is. */
function analysisText(stage: string, analysis: AnalysisJson, analyzers: readonly AnnouncementJson[]): string {
  const announcement = analyzers.find(({ name }) => name === stage);
  return shownAnswers(announcement, analysis)
    .filter(({ answer }) => answer !== undefined)
    .map((shown) => {
      const { classification, measure } = shown.answer!;
      const words = answerWords(shown);
      if (classification) return `${words} ${percentText(classification.probability)}`;
      const interval = measure && intervalText(shown.spec.measure, measure);
      return interval ? `${words} (${interval})` : words;
    })
    .join(", ");
}

/** "quite alike (as one stranger in 13): Ada, Grace": how often in a gallery of this size; bare similarities where nobody has measured it. */
function matchesText({ matches, verdict }: MatchesJson, cautions: readonly Caution[]): string {
  const [best] = matches;
  if (!best) return "the gallery is empty";
  const nearest = matches.map(({ name, similarity }) =>
    verdict === "uncalibrated" ? `${name} ${similarity.toFixed(2)}` : name,
  );
  const rate = best.falsePositiveRate;
  const often = rate === undefined ? "" : ` (as ${strangersText(rate)})`;
  const notes = cautions.map(({ message }) => ` (${message})`).join("");
  return `${VERDICT_WORDS[shownVerdict(verdict, cautions)]}${often}: ${nearest.join(", ")}${notes}`;
}

function ms(value: number): string {
  return `${Math.max(0, Math.round(value))} ms`;
}
