import { readFile } from "node:fs/promises";
import { createAnalyzer } from "@similarfaces/analyze";
import { embeddingFromBytes, type Answer, type ChipPiece, type Result } from "@similarfaces/contracts";
import { createEmbed } from "@similarfaces/embed";
import { cutChip, decodePhoto, detectFaces, detectorOf, viewsOf } from "@similarfaces/extract";
import { openInference, type Inference, type Manifest } from "@similarfaces/inference";
import type { StageCall } from "@similarfaces/runtime";
import type { Detection, Size } from "@similarfaces/vision";

/** The pipeline without its broker: the stages' own code, so that what is measured is what runs. */
export interface Pipeline {
  readonly workers: number;
  /** Of the model of this folder: "<id>@<version>". */
  modelName(name: string): string;
  manifest(name: string): Manifest;
  /** Every face of a photo, from `scoreMin` on. @throws StageFailure undecodable_image, image_too_large */
  faces(file: string): Promise<{ size: Size; faces: Detection<"image">[] }>;
  /** The chip of the face that the photo is of, undefined where none is found. @throws StageFailure as above */
  mainChip(file: string): Promise<Uint8Array | undefined>;
  /** What a model answers about a chip, by the names of its answers. */
  answers(name: string, chip: Uint8Array): Promise<ReadonlyMap<string, AnswerValue>>;
  close(): Promise<void>;
}

export type AnswerValue =
  | { readonly kind: "embedding"; readonly embedding: Float32Array }
  /** The probability of each label. */
  | { readonly kind: "classification"; readonly probabilities: ReadonlyMap<string, number> }
  /** Of a measure with bins, the probability of each. */
  | { readonly kind: "measure"; readonly value: number; readonly probabilities: readonly number[] };

export interface PipelineOptions {
  modelsDir: string;
  /** By name, the pack that each model comes from; a detector is among them. */
  packs: Readonly<Record<string, string>> & { readonly detect: string };
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
  const models = Object.keys(packs);
  const inference = await openInference({ modelsDir, models, pack: packs.detect, packs, workers });
  const detector = detectorOf(withThreshold(inference, scoreMin).model("detect"));
  const detect = async (file: string) => {
    const views = viewsOf(await decodePhoto(await readFile(file)));
    const faces = await detectFaces(views, detector, {});
    return { views, faces };
  };
  return {
    workers,
    modelName: (name) => inference.model(name).name,
    manifest: (name) => inference.model(name).manifest,
    async faces(file) {
      const { views, faces } = await detect(file);
      return { size: views.photo, faces };
    },
    async mainChip(file) {
      const { views, faces } = await detect(file);
      const face = mainFace(faces, views.photo);
      return face && cutChip(views, face.landmarks);
    },
    async answers(name, chip) {
      const piece: ChipPiece = { jobId: "", deadlineAtMs: 0, stages: [], face: 0, chip };
      const { outcome } = await stageOf(name, inference).handle(piece, CALL);
      return valuesOf(name, outcome);
    },
    close: () => inference.close(),
  };
}

function stageOf(name: string, inference: Inference) {
  return name === "embed" ? createEmbed({ inference }) : createAnalyzer(name, { inference });
}

/** What a model's outcome says, by the names of its answers; an embedder's one answer has the embedder's name. */
function valuesOf(name: string, outcome: Result["outcome"]): ReadonlyMap<string, AnswerValue> {
  if (outcome.case === "embed") {
    return new Map([[name, { kind: "embedding", embedding: embeddingFromBytes(outcome.value.embedding) }]]);
  }
  if (outcome.case !== "analysis") throw new Error(`nothing is measured of an outcome "${outcome.case}"`);
  return new Map(outcome.value.answers.map((answer) => [answer.name, valueOf(answer)]));
}

function valueOf({ name, kind: { case: kind, value } }: Answer): AnswerValue {
  switch (kind) {
    case "measure":
      return { kind, value: value.value, probabilities: value.probabilities };
    case "classification": {
      const entries = value.probabilities.map(({ label, probability }) => [label, probability] as const);
      return { kind, probabilities: new Map(entries) };
    }
    case undefined:
      throw new Error(`the answer "${name}" says nothing`);
  }
}

function withThreshold(inference: Inference, scoreMin: number | undefined): Inference {
  if (scoreMin === undefined) return inference;
  return {
    ...inference,
    model(name) {
      const model = inference.model(name);
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
