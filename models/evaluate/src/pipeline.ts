import { readFile } from "node:fs/promises";
import { createAnalyzer } from "@similarfaces/analyze";
import {
  CHIP_SIDE,
  CHIP_SIDES,
  embeddingFromBytes,
  type Answer,
  type ChipPiece,
  type ChipSide,
  type Result,
} from "@similarfaces/contracts";
import { createEmbed } from "@similarfaces/embed";
import { cutChip, decodePhoto, finderOf, viewsOf } from "@similarfaces/extract";
import {
  chipSideOf,
  openInference,
  type Inference,
  type Manifest,
  type PrecisionChoice,
} from "@similarfaces/inference";
import type { StageCall } from "@similarfaces/runtime";
import type { Detection, Size } from "@similarfaces/vision";

/** The pipeline without its broker: the stages' own code, so that what is measured is what runs. */
export interface Pipeline {
  readonly workers: number;
  /** Of the model of this folder, as in results: "compact-age@2.0.0+int8". */
  modelName(name: string): string;
  /** The detector's and the second look's, which find the faces together. */
  readonly finderName: string;
  manifest(name: string): Manifest;
  /** The mean of the detector's and the look's score from which on the pipeline calls something a face. */
  readonly scoreMin: number;
  /** Every face of a photo, from the options' `scoreMin` on. @throws StageFailure undecodable_image, image_too_large */
  faces(file: string): Promise<{ size: Size; faces: Detection<"image">[] }>;
  /** The chip of the face that the photo is of, of the side that the measured models want, undefined where none is found. @throws StageFailure as above */
  mainChip(file: string): Promise<Uint8Array | undefined>;
  /** What a model answers about a chip, by the names of its answers. */
  answers(name: string, chip: Uint8Array): Promise<ReadonlyMap<string, AnswerValue>>;
  close(): Promise<void>;
}

export type AnswerValue =
  | { readonly kind: "embedding"; readonly embedding: Float32Array }
  /** The probability of each label. */
  | { readonly kind: "classification"; readonly probabilities: ReadonlyMap<string, number> }
  /** Of a measure with bins, the probability of each, and the interval where the manifest has one. */
  | {
      readonly kind: "measure";
      readonly value: number;
      readonly probabilities: readonly number[];
      readonly interval?: readonly [low: number, high: number];
    };

export interface PipelineOptions {
  modelsDir: string;
  /** By name, the pack that each model comes from; what finds the faces is among them. */
  packs: Readonly<Record<string, string>> & { readonly detect: string; readonly refine: string };
  /** Which variant of each runs; as the pipeline chooses without it. */
  precision?: PrecisionChoice | undefined;
  workers: number;
  /** The second look's own threshold without it. */
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
  const { modelsDir, packs, precision, workers, scoreMin } = options;
  const models = Object.keys(packs);
  const inference = await openInference({
    modelsDir,
    models,
    pack: packs.detect,
    packs,
    precision,
    workers,
  });
  const chipSide = largestChip(models.map((name) => inference.model(name).manifest));
  const finder = finderOf(inference);
  const detect = async (file: string) => {
    const views = viewsOf(await decodePhoto(await readFile(file)));
    const faces = await finder.find(views, { scoreMin });
    return { views, faces };
  };
  return {
    workers,
    modelName: (name) => inference.model(name).name,
    manifest: (name) => inference.model(name).manifest,
    finderName: finder.name,
    scoreMin: inference.model("refine").manifest.thresholds?.score ?? 0,
    async faces(file) {
      const { views, faces } = await detect(file);
      return { size: views.photo, faces };
    },
    async mainChip(file) {
      const { views, faces } = await detect(file);
      const face = mainFace(faces, views.photo);
      return face && cutChip(views, face.landmarks, chipSide);
    },
    async answers(name, chip) {
      const piece: ChipPiece = { jobId: "", deadlineAtMs: 0, stages: [], group: 0, face: 0, chip, chipSide };
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
    case "measure": {
      const { low, high, probabilities } = value;
      const interval = low === undefined || high === undefined ? {} : { interval: [low, high] as const };
      return { kind, value: value.value, probabilities, ...interval };
    }
    case "classification": {
      const entries = value.probabilities.map(({ label, probability }) => [label, probability] as const);
      return { kind, probabilities: new Map(entries) };
    }
    case undefined:
      throw new Error(`the answer "${name}" says nothing`);
  }
}

/** Of a job that asks for all of these models. */
function largestChip(manifests: readonly Manifest[]): ChipSide {
  const sides = manifests.map(chipSideOf);
  return CHIP_SIDES.findLast((side) => sides.includes(side)) ?? CHIP_SIDE;
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
