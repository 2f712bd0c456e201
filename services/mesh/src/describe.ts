import type { JobState, MatchJson, ResultEvent, Verdict } from "@similarfaces/contracts";

const VERDICTS: Record<Verdict, string> = {
  very_alike: "very alike",
  quite_alike: "quite alike",
  a_little_alike: "a little alike",
  no_close_match: "no close match",
};

/** One result as a line for a terminal: when it came, what it says, how long it waited and worked; "" for the rest. */
export function describeEvent(name: string, event: ResultEvent, job: JobState): string {
  const text = answerOf(event);
  if (text === "") return "";
  const acceptedAtMs = job.accepted?.acceptedAtMs;
  const { timings } = event;
  const at =
    timings && acceptedAtMs !== undefined
      ? `+${Math.max(0, Math.round(timings.finishedAtMs - acceptedAtMs))} ms`
      : "";
  const cost = timings
    ? `wait ${ms(timings.startedAtMs - timings.queuedAtMs)}, work ${ms(timings.finishedAtMs - timings.startedAtMs)}`
    : "";
  const subject = event.face === undefined ? "photo" : `face ${event.face + 1}`;
  return `${name}  ${at.padStart(9)}  ${subject.padEnd(8)}${event.stage.padEnd(9)}${text.padEnd(64)}  ${cost}`.trimEnd();
}

function answerOf(event: ResultEvent): string {
  if (event.failure) return `${event.failure.message} (${event.failure.code})`;
  if (event.extract) {
    const { faces, facesOmitted, size } = event.extract;
    const boxes = faces.map(
      ({ box, score }) =>
        `[${Math.round(box.x)},${Math.round(box.y)} ${Math.round(box.width)}x${Math.round(box.height)} ${score.toFixed(2)}]`,
    );
    const shown = boxes.slice(0, 4).join(" ") + (boxes.length > 4 ? " ..." : "");
    const more = facesOmitted > 0 ? `, ${facesOmitted} more not analysed` : "";
    return `${size.width}x${size.height}, ${faces.length} face${faces.length === 1 ? "" : "s"}${more} ${shown}`;
  }
  if (event.age) {
    const { years, lowYears, highYears } = event.age;
    return `looks ${Math.round(years)} (${Math.round(lowYears)} to ${Math.round(highYears)})`;
  }
  const guess = event.gender ?? event.race ?? event.emotion;
  if (guess) return `${guess.label} ${percent(guess.probability)}`;
  if (event.match) {
    const { matches, verdict } = event.match;
    const nearest = matches.map(({ name, likelihood }: MatchJson) => `${name} ${percent(likelihood)}`);
    return nearest.length === 0 ? "the gallery is empty" : `${VERDICTS[verdict]}: ${nearest.join(", ")}`;
  }
  if (event.enrol) return `is now ${event.enrol.name} in the gallery`;
  // Vectors are for programs: --json has them.
  if (event.embed) return "512 numbers";
  return "";
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function ms(value: number): string {
  return `${Math.max(0, Math.round(value))} ms`;
}
