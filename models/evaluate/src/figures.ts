import { StageFailure } from "@similarfaces/contracts";
import { PackError } from "@similarfaces/inference";
import type { BoxesData, Dataset, FacePhoto, FacesData, PairsData } from "./dataset.js";
import type { Measurable } from "./measurable.js";
import { measureClassification } from "./measures/classification.js";
import { cosineSimilarity } from "./measures/cosine.js";
import { measureDetection } from "./measures/detection.js";
import { measureIdentification, type Identification } from "./measures/identification.js";
import { measureRanges, measureValues } from "./measures/value.js";
import { measureVerification } from "./measures/verification.js";
import type { AnswerValue, Pipeline } from "./pipeline.js";

/** Figures of one answer. */
export interface Figures {
  /** Of which part of the data, where there are several. */
  readonly part?: string;
  /** The number of pictures, pairs or faces that they are of. */
  readonly n: number;
  readonly figures: Record<string, unknown>;
  /** Of an embedder: fields of its manifest. */
  readonly forManifest?: Identification["forManifest"] | undefined;
}

/** What is called while the pictures are read. */
export interface Progress {
  onStart?: ((pictures: number) => void) | undefined;
  onPicture?: (() => void) | undefined;
  /** A picture that could not be read, with the reason. */
  onUnreadable?: ((file: string, reason: string) => void) | undefined;
}

export interface FiguresOptions extends Progress {
  /** The folder of pictures. */
  data: string;
}

/** Of each of `measured`, in their order, what is measured of it. @throws PackError where no face was found at all */
export function figuresOf(
  dataset: Dataset,
  measured: readonly Measurable[],
  pipeline: Pipeline,
  options: FiguresOptions,
): Promise<Figures[][]> {
  switch (dataset.kind) {
    case "boxes":
      return figuresOfBoxes(dataset, measured, pipeline, options);
    case "pairs":
      return figuresOfPairs(dataset, measured, pipeline, options);
    case "faces":
      return figuresOfFaces(dataset, measured, pipeline, options);
  }
}

async function figuresOfBoxes(
  { photos, matching }: BoxesData,
  measured: readonly Measurable[],
  pipeline: Pipeline,
  options: FiguresOptions,
): Promise<Figures[][]> {
  const read = await forEachPicture(photos, pipeline, options, async ({ file, faces: truth }) => {
    const { size, faces } = await pipeline.faces(file);
    return { size, truth, found: faces };
  });
  const scenes = read.filter((scene) => scene !== undefined);
  const n = scenes.reduce((sum, { truth }) => sum + truth.length, 0);
  return measured.map(() => [{ n, figures: measureDetection(scenes, matching, pipeline.scoreMin) }]);
}

async function figuresOfPairs(
  { pairs, photos, folds, foldOf }: PairsData,
  measured: readonly Measurable[],
  pipeline: Pipeline,
  options: FiguresOptions,
): Promise<Figures[][]> {
  const answers = await forEachPicture(photos, pipeline, options, ({ file }) =>
    answersOfPicture(file, measured, pipeline),
  );
  return measured.map(({ name }, i) => {
    const known = photos.flatMap(({ file, person }, k) => {
      const value = answers[k]?.[i];
      return value?.kind === "embedding" ? [{ file, person, embedding: value.embedding }] : [];
    });
    const embeddings = new Map(known.map(({ file, embedding }) => [file, embedding]));
    const compared = pairs.flatMap(({ first, second, same }, pair) => {
      const [a, b] = [embeddings.get(first), embeddings.get(second)];
      return a && b ? [{ cosine: cosineSimilarity(a, b), same, fold: foldOf(pair) }] : [];
    });
    if (compared.length === 0) throw new PackError(`${options.data}: no face was found in any pair`);
    const { falseMatches } = pipeline.manifest(name);
    const { figures, forManifest } = measureIdentification(known);
    return [
      {
        part: "its pairs",
        n: compared.length,
        figures: { of: pairs.length, ...measureVerification(compared, folds, falseMatches) },
      },
      { part: "every pair", n: known.length, figures: { of: photos.length, ...figures }, forManifest },
    ];
  });
}

async function figuresOfFaces(
  dataset: FacesData,
  measured: readonly Measurable[],
  pipeline: Pipeline,
  options: FiguresOptions,
): Promise<Figures[][]> {
  const { photos } = dataset;
  const answers = await forEachPicture(photos, pipeline, options, ({ file }) =>
    answersOfPicture(file, measured, pipeline),
  );
  return measured.map((one, i) => {
    const known = photos.flatMap((photo, k) => {
      const truth = one.truth(photo);
      return truth === undefined ? [] : [{ photo, truth, value: answers[k]?.[i] }];
    });
    const answered = known.flatMap(({ value, ...face }) => (value ? [{ ...face, value }] : []));
    if (answered.length === 0) throw new PackError(`${options.data}: no face was found in any picture`);
    const { figures, forManifest } = figuresOfAnswer(one, answered, dataset);
    return [{ n: answered.length, figures: { of: known.length, ...figures }, forManifest }];
  });
}

interface AnsweredFace {
  readonly photo: FacePhoto;
  readonly truth: string | number;
  readonly value: AnswerValue;
}

function figuresOfAnswer(
  { answer, scheme }: Measurable,
  faces: readonly AnsweredFace[],
  { ranges }: FacesData,
): Pick<Figures, "figures" | "forManifest"> {
  switch (answer.kind) {
    case "embedding":
      return measureIdentification(
        faces.flatMap(({ truth, value }) =>
          value.kind === "embedding" ? [{ person: String(truth), embedding: value.embedding }] : [],
        ),
      );
    case "measure": {
      const measured = faces.flatMap(({ photo: { groups }, truth, value }) =>
        value.kind === "measure" ? [{ ...value, truth: Number(truth), groups }] : [],
      );
      const ofData = ranges?.[answer.name];
      return { figures: ofData ? measureRanges(answer, measured, ofData) : measureValues(answer, measured) };
    }
    case "classification": {
      const classified = faces.flatMap(({ photo: { groups }, truth, value }) =>
        value.kind === "classification" ? [{ ...value, truth: String(truth), groups }] : [],
      );
      return { figures: measureClassification(answer.name, classified, scheme) };
    }
    case "detection":
      throw new Error("a detector is measured on scenes");
  }
}

/** Each of `measured`, about the face that the picture is of; undefined where there is none. */
async function answersOfPicture(
  file: string,
  measured: readonly Measurable[],
  pipeline: Pipeline,
): Promise<(AnswerValue | undefined)[] | undefined> {
  const chip = await pipeline.mainChip(file);
  if (!chip) return undefined;
  const names = [...new Set(measured.map(({ name }) => name))];
  const byModel = new Map(
    await Promise.all(names.map(async (name) => [name, await pipeline.answers(name, chip)] as const)),
  );
  return measured.map(({ name, answer }) => byModel.get(name)?.get(answer.name));
}

/** Every picture's answer, in order; as many at once as keep the workers busy. Undefined for a picture that cannot be read. */
async function forEachPicture<T extends { readonly file: string }, Result>(
  pictures: readonly T[],
  { workers }: Pipeline,
  { onStart, onPicture, onUnreadable }: Progress,
  work: (picture: T) => Promise<Result>,
): Promise<(Result | undefined)[]> {
  onStart?.(pictures.length);
  const results: (Result | undefined)[] = Array.from({ length: pictures.length });
  let next = 0;
  const lane = async () => {
    for (let i = next++; i < pictures.length; i = next++) {
      try {
        results[i] = await work(pictures[i]!);
      } catch (error) {
        if (!(error instanceof StageFailure) || error.retryable) throw error;
        onUnreadable?.(pictures[i]!.file, error.message);
      }
      onPicture?.();
    }
  };
  await Promise.all(Array.from({ length: workers + 1 }, lane));
  return results;
}
