import type { AnswerJson, BoxJson, Field, JobState, Outcomes } from "@similarfaces/contracts";

/** The same graphs on the same pixels answer the same; batches of another size differ by less than this. */
const BOX_PIXELS = 0.5;
/** Of a number, or of 1 where the number is smaller. */
const MEASURE_SHARE = 0.02;

type Value = Outcomes[keyof Outcomes];

/**
 * Where the answers of two jobs of one photo differ: faces, boxes, labels, numbers. Fields without an answer in either job are not compared; the
 * verdict counts them by their state. @returns names of what differs, "age.0"
 */
export function differences(undisturbed: JobState, job: JobState): string[] {
  if (job.extract.state !== "done") return [];
  if (job.faces.length !== undisturbed.faces.length) return ["extract"];
  return job.faces.flatMap((face, i) => {
    const other = undisturbed.faces[i]!;
    const stages = Object.keys(other.fields);
    return [
      ...(sameBox(face.box, other.box) ? [] : [`box.${face.index}`]),
      ...stages
        .filter((stage) => !sameAnswer(face.fields[stage], other.fields[stage]))
        .map((stage) => `${stage}.${face.index}`),
    ];
  });
}

function sameBox(a: BoxJson, b: BoxJson): boolean {
  return (["x", "y", "width", "height"] as const).every((side) => Math.abs(a[side] - b[side]) <= BOX_PIXELS);
}

/** Of what analyzers answer; embeddings and the gallery's people are not compared. */
function sameAnswer(a: Field<Value> | undefined, b: Field<Value> | undefined): boolean {
  if (a?.state !== "done" || b?.state !== "done") return true;
  const [answers, others] = [answersOf(a.value), answersOf(b.value)];
  return answers.length === others.length && answers.every((answer, i) => isSame(answer, others[i]!));
}

function answersOf(value: Value): AnswerJson[] {
  return "answers" in value ? value.answers : [];
}

function isSame(one: AnswerJson, other: AnswerJson): boolean {
  if (one.name !== other.name || one.classification?.label !== other.classification?.label) return false;
  const [a, b] = [one.measure?.value ?? 0, other.measure?.value ?? 0];
  return Math.abs(a - b) <= MEASURE_SHARE * Math.max(1, Math.abs(a), Math.abs(b));
}
