import { stringify } from "csv-stringify/sync";
import {
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
  /** In the order of the stages of the jobs, each with its answers. */
  readonly #answers = new Set<string>();

  add(file: string, job: JobState, problem: string | undefined): void {
    const { faces, extract } = job;
    const order = extract.state === "done" ? readingOrder(extract.value) : [];
    for (const [at, index] of order.entries()) {
      const face = faces.find((known) => known.index === index);
      if (!face) continue;
      const { x, y, width, height } = face.box;
      const answers = answersOf(face, job.accepted?.stages ?? []);
      for (const name of Object.keys(answers)) this.#answers.add(name);
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
    const columns = [...FACE_COLUMNS, ...this.#answers, ...MATCH_COLUMNS];
    return stringify(this.#rows, {
      header: true,
      columns,
      record_delimiter: "windows",
      escape_formulas: true,
    });
  }
}

/** "age" where an analyzer has one answer of its own name, "headwear.hat" else; of a label, how sure it is beside it. */
function answersOf({ fields }: FaceView, stages: readonly string[]): Row {
  const row: Row = {};
  for (const stage of stages) {
    const field = fields[stage];
    if (field?.state !== "done" || !("answers" in field.value)) continue;
    for (const { name, classification, measure } of (field.value as AnalysisJson).answers) {
      const column = name === stage ? stage : `${stage}.${name}`;
      if (measure) row[column] = measure.value;
      if (!classification) continue;
      row[column] = classification.label;
      row[`${column} probability`] = classification.probability;
    }
  }
  return row;
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
