import { readFile } from "node:fs/promises";
import { createAnalyzer } from "@similarfaces/analyze";
import { FaceWorkSchema, create, embeddingFromBytes, type Result } from "@similarfaces/contracts";
import { createEmbed } from "@similarfaces/embed";
import { cutChip, decodePhoto, detectFaces, detectorOf, viewsOf } from "@similarfaces/extract";
import { openInference, type Inference, type Manifest, type Task } from "@similarfaces/inference";
import type { StageCall } from "@similarfaces/runtime";
import type { Detection, Size } from "@similarfaces/vision";

/** The pipeline without its broker: the stages' own code, so that what is measured is what runs. */
export interface Pipeline {
  readonly workers: number;
  /** "<id>@<version>" */
  name(task: Task): string;
  manifest(task: Task): Manifest;
  /** Every face of a photo, from `scoreMin` on. @throws StageFailure undecodable_image, image_too_large */
  faces(file: string): Promise<{ size: Size; faces: Detection<"image">[] }>;
  /** The chip of the face that the photo is of, undefined where none is found. @throws StageFailure as above */
  mainChip(file: string): Promise<Uint8Array | undefined>;
  /** What a model says of a chip, by the names of its answers. */
  answers(task: Task, chip: Uint8Array): Promise<ReadonlyMap<string, AnswerValue>>;
  close(): Promise<void>;
}

export type AnswerValue =
  | { readonly kind: "embedding"; readonly embedding: Float32Array }
  /** The probability of each label. */
  | { readonly kind: "classification"; readonly probabilities: ReadonlyMap<string, number> }
  /** The probability of each whole unit from 0 on, and the expected value. */
  | { readonly kind: "measure"; readonly value: number; readonly probabilities: readonly number[] };

export interface PipelineOptions {
  modelsDir: string;
  /** Which pack each model comes from. */
  packs: Partial<Record<Task, string>>;
  workers: number;
  /** The detector's own threshold without it. */
  scoreMin?: number | undefined;
}

/** What a stage gets beside its work: a first attempt, which nothing stops. */
const CALL: StageCall = {
  attempt: 1,
  priority: 0,
  signal: new AbortController().signal,
  storedResult: () => Promise.resolve(undefined),
};

/** @throws PackError */
export async function openPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { modelsDir, packs, workers, scoreMin } = options;
  const tasks = Object.keys(packs) as Task[];
  const inference = await openInference({ modelsDir, tasks, pack: "", packs, workers });
  const detector = detectorOf(withThreshold(inference, scoreMin).model("detect"));
  const detect = async (file: string) => {
    const views = viewsOf(await decodePhoto(await readFile(file)));
    const faces = await detectFaces(views, detector, {});
    return { views, faces };
  };
  return {
    workers,
    name: (task) => inference.model(task).name,
    manifest: (task) => inference.model(task).manifest,
    async faces(file) {
      const { views, faces } = await detect(file);
      return { size: views.photo, faces };
    },
    async mainChip(file) {
      const { views, faces } = await detect(file);
      const face = mainFace(faces, views.photo);
      return face && cutChip(views, face.landmarks);
    },
    async answers(task, chip) {
      const { outcome } = await stageOf(task, inference).handle(create(FaceWorkSchema, { chip }), CALL);
      return new Map([[task, valueOf(outcome)]]);
    },
    close: () => inference.close(),
  };
}

function stageOf(task: Task, inference: Inference) {
  if (task === "detect") throw new Error("a detector reads photos, not chips");
  return task === "embed" ? createEmbed({ inference }) : createAnalyzer(task, { inference });
}

/** An outcome's value, by the fields that it has. */
function valueOf({ case: name, value }: Result["outcome"]): AnswerValue {
  if (value && "embedding" in value) {
    return { kind: "embedding", embedding: embeddingFromBytes(value.embedding) };
  }
  if (value && "years" in value) {
    return { kind: "measure", value: value.years, probabilities: value.probabilities };
  }
  if (value && "probabilities" in value) {
    const probabilities = value.probabilities.map(({ label, probability }) => [label, probability] as const);
    return { kind: "classification", probabilities: new Map(probabilities) };
  }
  throw new Error(`nothing is measured of an outcome "${name}"`);
}

function withThreshold(inference: Inference, scoreMin: number | undefined): Inference {
  if (scoreMin === undefined) return inference;
  return {
    ...inference,
    model(task) {
      const model = inference.model(task);
      const thresholds = { ...model.manifest.thresholds, score: scoreMin };
      return { ...model, manifest: { ...model.manifest, thresholds } };
    },
  };
}

/** Pictures of one face show it near the middle, and large; others may stand behind. */
function mainFace(
  faces: readonly Detection<"image">[],
  { width, height }: Size,
): Detection<"image"> | undefined {
  const cost = ({ box }: Detection<"image">) =>
    Math.abs(box.x + box.width / 2 - width / 2) +
    Math.abs(box.y + box.height / 2 - height / 2) -
    0.7 * Math.sqrt(box.width * box.height);
  return faces.toSorted((a, b) => cost(a) - cost(b))[0];
}
