import { stringify } from "csv-stringify/sync";
import {
  isCoreStage,
  readingOrder,
  type AnalysisJson,
  type FaceView,
  type JobState,
  type MatchesJson,
} from "@similarfaces/contracts";

type Row = Record<string, string | number | undefined>;

/** Before the answers, and after them. */
const FACE_COLUMNS = ["file", "face", "x", "y", "width", "height", "score"];
const MATCH_COLUMNS = ["match", "similarity", "likeness", "false positive rate", "likelihood", "problem"];

/** What `analyze --csv` writes: a row for each face in reading order, and one for a photo without any, with the reason where there is one. */
export class FaceTable {
  readonly #rows: Row[] = [];
  /** Who gave what, by the key of its column; in the order of the stages of the jobs, each with its answers. */
  readonly #answers = new Map<string, Answer>();

  add(file: string, job: JobState, problem: string | undefined): void {
    const { faces, extract } = job;
    const order = extract.state === "done" ? readingOrder(extract.value) : [];
    for (const [at, index] of order.entries()) {
      const face = faces.find((known) => known.index === index);
      if (!face) continue;
      const { x, y, width, height } = face.box;
      const { row: answers, given } = answersOf(face, job.accepted?.stages ?? []);
      for (const [key, answer] of given) this.#answers.set(key, answer);
      const box = { x, y, width, height };
      this.#rows.push({
        file,
        face: at + 1,
        ...box,
        score: face.score,
        ...answers,
        ...matchOf(face),
        problem,
      });
    }
    if (faces.length === 0) this.#rows.push({ file, problem });
  }

  /** RFC 4180. What a table would take for a formula gets an apostrophe before it; numbers stay numbers. */
  text(): string {
    const all = [...this.#answers.values()];
    const columns = [
      ...FACE_COLUMNS,
      ...[...this.#answers].map(([key, answer]) => ({ key, header: headerOf(answer, all) })),
      ...MATCH_COLUMNS,
    ].map((column) => (typeof column === "string" ? { key: column, header: column } : column));
    return stringify(this.#rows, {
      header: true,
      columns,
      record_delimiter: "windows",
      escape_formulas: true,
    });
  }
}

interface Answer {
  stage: string;
  name: string;
  /** What follows the name in its header: "" or " probability". */
  suffix: string;
}

/**
 * "age" where an analyzer's answer has its own name, or nobody else gives one of that name: a table looks the same whether three analyzers
 * give three answers or one does. "headwear.hat" else, and for a stage of the table.
 */
function headerOf({ stage, name, suffix }: Answer, all: readonly Answer[]): string {
  const isOnly = !isCoreStage(stage) && all.every((other) => other.stage === stage || other.name !== name);
  return `${name === stage || isOnly ? name : `${stage}.${name}`}${suffix}`;
}

/** By the key of the column; of a label, how sure it is beside it. */
function answersOf(
  { fields }: FaceView,
  stages: readonly string[],
): { row: Row; given: Map<string, Answer> } {
  const row: Row = {};
  const given = new Map<string, Answer>();
  for (const stage of stages) {
    const field = fields[stage];
    if (field?.state !== "done" || !("answers" in field.value)) continue;
    for (const { name, classification, measure } of (field.value as AnalysisJson).answers) {
      const give = (suffix: string, value: string | number) => {
        const key = `${stage}.${name}${suffix}`;
        row[key] = value;
        given.set(key, { stage, name, suffix });
      };
      if (measure) give("", measure.value);
      if (!classification) continue;
      give("", classification.label);
      give(" probability", classification.probability);
    }
  }
  return { row, given };
}

/** The nearest; how alike is as it is shown, one step lower where parts of the face are hidden. */
function matchOf({ fields, shownVerdict }: FaceView): Row {
  const field = fields["match"];
  if (field?.state !== "done" || !("matches" in field.value)) return {};
  const [best] = (field.value as MatchesJson).matches;
  if (!best) return {};
  return {
    match: best.name,
    similarity: best.similarity,
    likeness: shownVerdict,
    "false positive rate": best.falsePositiveRate,
    likelihood: best.likelihood,
  };
}
