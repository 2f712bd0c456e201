import { StageFailure } from "@similarfaces/contracts";
import {
  PackError,
  listPack,
  modelName,
  type Manifest,
  type Measurement,
  type Task,
} from "@similarfaces/inference";
import type { BoxesData, Dataset, FacePhoto, FacesData, PairsData } from "./dataset.js";
import { readDataset } from "./readDataset.js";
import { measureAgeBins, measureYears, type AgedFace } from "./measures/age.js";
import { measureClassification, type ClassifiedFace } from "./measures/classification.js";
import { cosineSimilarity } from "./measures/cosine.js";
import { SCORES, measureDetection } from "./measures/detection.js";
import { measureIdentification } from "./measures/identification.js";
import { measureVerification } from "./measures/verification.js";
import { openPipeline, type Pipeline } from "./pipeline.js";
import { tasksOf, type MeasuredTask } from "./tasks.js";

export interface EvaluateOptions {
  modelsDir: string;
  pack: string;
  /** The pack whose detector finds the faces; the measured pack's own where it has one, else `compact`. */
  detector?: string | undefined;
  /** The folder of pictures. */
  data: string;
  /** What the data is called in the results. */
  dataName: string;
  /** A full date. */
  date: string;
  workers: number;
  onStart?: ((pictures: number) => void) | undefined;
  onPicture?: (() => void) | undefined;
  /** A picture that could not be read, with the reason. */
  onUnreadable?: ((file: string, reason: string) => void) | undefined;
}

export interface Evaluated {
  readonly task: Task;
  /** "<id>@<version>" */
  readonly model: string;
  /** The detector that found the faces. */
  readonly detector: string;
  readonly labels?: readonly string[];
  /** As it may stand in the manifest. */
  readonly measurement: Measurement;
}

/**
 * Measures every model of a pack that a folder of pictures has the truth for, by the pipeline's own way from the file to the answer.
 * @throws PackError
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluated[]> {
  const { modelsDir, pack, data } = options;
  const dataset = await readDataset(data);
  const manifests = await manifestsOf(modelsDir, pack);
  const tasks = tasksOf(dataset, manifests);
  if (tasks.length === 0) {
    const known = [...manifests.keys()].join(", ");
    throw new PackError(`${data}: says nothing of what the pack "${pack}" knows (${known})`);
  }
  const detector = options.detector ?? (manifests.has("detect") ? pack : "compact");
  const pipeline = await openPipeline({
    modelsDir,
    packs: { detect: detector, ...Object.fromEntries(tasks.map(({ task }) => [task, pack])) },
    workers: options.workers,
    // Lower scores are looked at too; those of the measured thresholds are told apart afterwards.
    scoreMin: dataset.kind === "boxes" ? SCORES[0] : undefined,
  });
  try {
    const figures = await measure(dataset, tasks, pipeline, options);
    return tasks.map(({ task }, i) => {
      const manifest = pipeline.manifest(task);
      const { n, ...rest } = figures[i]!;
      return {
        task,
        model: modelName(manifest),
        detector: pipeline.name("detect"),
        ...(manifest.labels ? { labels: manifest.labels } : {}),
        measurement: { data: options.dataName, n, date: options.date, figures: rest },
      };
    });
  } finally {
    await pipeline.close();
  }
}

/** What a task's figures are, with the number of pictures, pairs or faces that they are of. */
type Figures = { n: number } & Record<string, unknown>;

async function manifestsOf(modelsDir: string, pack: string): Promise<Map<Task, Manifest>> {
  const manifests = new Map<Task, Manifest>();
  for (const { task, manifest, problem } of await listPack(modelsDir, pack)) {
    if (!manifest) throw new PackError(problem ?? `${pack}/${task}: there is no manifest`);
    manifests.set(task, manifest);
  }
  return manifests;
}

function measure(
  dataset: Dataset,
  tasks: readonly MeasuredTask[],
  pipeline: Pipeline,
  options: EvaluateOptions,
): Promise<Figures[]> {
  switch (dataset.kind) {
    case "boxes":
      return measureBoxes(dataset, pipeline, options);
    case "pairs":
      return measurePairs(dataset, pipeline, options);
    case "faces":
      return measureFaces(dataset, tasks, pipeline, options);
  }
}

async function measureBoxes(
  { photos, matching }: BoxesData,
  pipeline: Pipeline,
  options: EvaluateOptions,
): Promise<Figures[]> {
  const scenes = await each(photos, pipeline, options, async ({ file, faces: truth }) => {
    const { size, faces } = await pipeline.faces(file);
    return { size, truth, found: faces };
  });
  const there = scenes.filter((scene) => scene !== undefined);
  const score = pipeline.manifest("detect").thresholds?.score ?? 0.5;
  const figures = measureDetection(there, matching, score);
  return [{ n: there.reduce((sum, { truth }) => sum + truth.length, 0), ...figures }];
}

async function measurePairs(
  { pairs, folds, foldOf }: PairsData,
  pipeline: Pipeline,
  options: EvaluateOptions,
): Promise<Figures[]> {
  const files = [...new Set(pairs.flatMap(({ first, second }) => [first, second]))].map((file) => ({ file }));
  const found = await each(files, pipeline, options, ({ file }) => embeddingOf(pipeline, file));
  const embeddings = new Map(files.map(({ file }, i) => [file, found[i]]));
  const compared = pairs.flatMap(({ first, second, same }, i) => {
    const [a, b] = [embeddings.get(first), embeddings.get(second)];
    return a && b ? [{ cosine: cosineSimilarity(a, b), same, fold: foldOf(i) }] : [];
  });
  if (compared.length === 0) throw new PackError(`${options.data}: no face was found in any pair`);
  const { thresholds } = pipeline.manifest("embed");
  return [{ n: compared.length, of: pairs.length, ...measureVerification(compared, folds, thresholds) }];
}

async function measureFaces(
  dataset: FacesData,
  tasks: readonly MeasuredTask[],
  pipeline: Pipeline,
  options: EvaluateOptions,
): Promise<Figures[]> {
  const answers = await each(dataset.photos, pipeline, options, async ({ file }) => {
    const chip = await pipeline.mainChip(file);
    return chip && Promise.all(tasks.map(({ task }) => ask(pipeline, task, chip)));
  });
  return tasks.map((measured, i) => {
    const seen = dataset.photos.flatMap((photo, k) => {
      const answer = answers[k]?.[i];
      const truth = measured.truth(photo);
      return answer && truth !== undefined ? [{ photo, truth, answer }] : [];
    });
    if (seen.length === 0) throw new PackError(`${options.data}: no face was found in any picture`);
    const of = dataset.photos.filter((photo) => measured.truth(photo) !== undefined).length;
    return { n: seen.length, of, ...figuresOf(measured, seen, dataset) };
  });
}

type Answer = Awaited<ReturnType<typeof ask>>;

async function ask(pipeline: Pipeline, task: MeasuredTask["task"], chip: Uint8Array) {
  if (task === "embed") return { embedding: await pipeline.embed(chip) };
  if (task === "age") return { age: await pipeline.age(chip) };
  if (task === "detect") throw new Error("a chip has been detected already");
  return { probabilities: await pipeline.classify(task, chip) };
}

function figuresOf(
  { task, scheme }: MeasuredTask,
  seen: readonly { photo: FacePhoto; truth: string | number; answer: Answer }[],
  { ageBins }: FacesData,
): Record<string, unknown> {
  if (task === "embed") {
    return measureIdentification(
      seen.flatMap(({ truth, answer: { embedding } }) =>
        embedding ? [{ person: String(truth), embedding }] : [],
      ),
    );
  }
  if (task === "age") {
    const faces: AgedFace[] = seen.flatMap(({ photo: { groups }, truth, answer: { age } }) =>
      age ? [{ truth: Number(truth), groups, years: age.years, probabilities: age.probabilities }] : [],
    );
    return ageBins ? measureAgeBins(faces, ageBins) : measureYears(faces);
  }
  const faces: ClassifiedFace[] = seen.flatMap(({ photo: { groups }, truth, answer: { probabilities } }) =>
    probabilities ? [{ truth: String(truth), groups, probabilities }] : [],
  );
  return measureClassification(task, faces, scheme);
}

async function embeddingOf(pipeline: Pipeline, file: string): Promise<Float32Array | undefined> {
  const chip = await pipeline.mainChip(file);
  return chip && pipeline.embed(chip);
}

/** Every picture's answer, in order; as many at once as keep the workers busy. Undefined for a picture that cannot be read. */
async function each<T extends { readonly file: string }, Answer>(
  items: readonly T[],
  { workers }: Pipeline,
  { onStart, onPicture, onUnreadable }: EvaluateOptions,
  work: (item: T) => Promise<Answer>,
): Promise<(Answer | undefined)[]> {
  onStart?.(items.length);
  const answers: (Answer | undefined)[] = Array.from({ length: items.length });
  let next = 0;
  const lane = async () => {
    for (let i = next++; i < items.length; i = next++) {
      try {
        answers[i] = await work(items[i]!);
      } catch (error) {
        if (!(error instanceof StageFailure) || error.retryable) throw error;
        onUnreadable?.(items[i]!.file, error.message);
      }
      onPicture?.();
    }
  };
  await Promise.all(Array.from({ length: workers + 1 }, lane));
  return answers;
}
