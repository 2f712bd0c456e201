import type {
  AnswerSpecJson,
  ClassificationSpecJson,
  FacePart,
  LabelSpecJson,
  MeasurementJson,
  MeasureSpecJson,
  TextsJson,
} from "@similarfaces/contracts";
// Not from the packages' whole: every inference worker loads this file, and nothing of messages.
import { StageFailure } from "@similarfaces/contracts/failure";
import { CHIP_SIDE, type ChipSide, type CoreModel } from "@similarfaces/contracts/stages";
import { ConfigError } from "@similarfaces/runtime/settings";
import type { Precision } from "./precision.js";

/** What a model is for. An analyzer's folder has the name of its stage. */
type Task = CoreModel | "analyze";

/** A number is fixed; a name is free. */
export type Shape = readonly (number | string)[];

export interface ManifestInput {
  name: string;
  dtype: "uint8" | "float32";
  layout: "NHWC" | "NCHW";
  shape: Shape;
  colour: "RGB" | "BGR";
  /** What 0 and 255 of a pixel become. */
  range: readonly [number, number];
  /** Of a graph that is given chips: their side, pixels; 112 without it. The middle of larger ones is taken. */
  chip?: ChipSide;
  /** The central square of that chip, in its pixels; the whole of it without. */
  crop?: number;
  /** The side in pixels that the chip, or its crop, is shrunk to by area; its own size without it. */
  shrink?: number;
  /** Of a detector: width and height are multiples of this. */
  sideMultiple?: number;
}

export interface ManifestOutput {
  name: string;
  dtype: "float32";
  shape: Shape;
}

/** How alike strangers are to an embedder, as it was measured. */
export interface FalseMatches {
  /** On what. */
  readonly data: string;
  readonly date: string;
  /** Of two people. */
  readonly pairs: number;
  /** Cosines, ascending, each with the share of those pairs that have at least that. */
  readonly curve: readonly (readonly [cosine: number, rate: number])[];
}

/** One answer of an analyzer: how it is shown, as its announcement has it, and the graph's output that it is read from. */
export interface ManifestLabel extends Omit<LabelSpecJson, "hides"> {
  /** Nothing without it. */
  hides?: FacePart[];
}

export interface ManifestAnswer extends Pick<AnswerSpecJson, "name" | "title"> {
  output: string;
  tag?: boolean;
  caution?: TextsJson;
  /** One of the two. */
  classification?: Omit<ClassificationSpecJson, "labels"> & { labels: readonly ManifestLabel[] };
  measure?: MeasureSpecJson;
}

/** One graph of a model. All variants of a model have the same inputs and outputs. */
export interface Variant {
  precision: Precision;
  /** The graph, beside the manifest. */
  file: string;
  /** Where it is pulled from: https, or npm:<package>@<version>#<path in it>. */
  url?: string;
  /** Of the package, where the url is npm's: as npm writes it, for instance sha512-... */
  integrity?: string;
  sha256: string;
  bytes: number;
  /** Its value of the manifest's `figure`. */
  figure?: number;
  measured: readonly MeasurementJson[];
}

/** `manifest.json` in a model's folder; the schema is models/manifest.schema.json. */
export interface Manifest {
  id: string;
  version: string;
  task: Task;
  /** At least one, each of another precision. */
  variants: readonly [Variant, ...Variant[]];
  /** What variants are compared by: `auto` takes int8 where it loses no more than `lossMax` of float32's figure. */
  figure?: { readonly name: string; readonly better: "higher" | "lower"; readonly lossMax: number };
  /** Of an embedder: the embeddings of its variants may be compared with each other. */
  oneSpace?: boolean;
  opset: number;
  inputs: readonly [ManifestInput];
  outputs: readonly ManifestOutput[];
  /** Of a detector: which of vision's decoders reads its outputs. */
  decoder?: "cells" | "yunet";
  /** A detector proposes from `score` on and suppresses by `iou`; with the second look a face is one from its `score` on. */
  thresholds?: Readonly<Partial<Record<"score" | "iou", number>>>;
  /** Of an embedder; with both or with none of these two. */
  falseMatches?: FalseMatches;
  calibration?: { readonly slope: number; readonly intercept: number; readonly prior: number };
  /** Multiply-adds of one picture of this height and width. */
  operations?: { readonly multiplyAdds: number; readonly height: number; readonly width: number };
  licence: string;
  notice?: string;
  source: string;
}

export interface AnalyzerManifest extends Manifest {
  task: "analyze";
  title: TextsJson;
  /** Where it stands among the others; equal ones by name. */
  order: number;
  /** Others that are left out where it is served, unless they are asked for by name. */
  replaces?: readonly string[];
  /** Angle in OKLCH, degrees. */
  hue?: number;
  answers: readonly ManifestAnswer[];
}

export const isAnalyzer = (manifest: Manifest): manifest is AnalyzerManifest => manifest.task === "analyze";

/** "<id>@<version>", the model's name in results and metrics; with "+<precision>" where it has more than one variant. */
export function modelName({ manifest, variant }: { manifest: Manifest; variant: Variant }): string {
  const { id, version, variants } = manifest;
  return variants.length > 1 ? `${id}@${version}+${variant.precision}` : `${id}@${version}`;
}

/** The names of the models whose embeddings may be compared with those of this variant, its own first. */
export function namesInOneSpace(manifest: Manifest, variant: Variant): [string, ...string[]] {
  const others = manifest.oneSpace ? manifest.variants.filter((other) => other !== variant) : [];
  return [
    modelName({ manifest, variant }),
    ...others.map((other) => modelName({ manifest, variant: other })),
  ];
}

/** Pixels of a side of the chips that a model wants; undefined where it is given none. */
export function chipSideOf({ task, inputs: [{ chip = CHIP_SIDE }] }: Pick<Manifest, "task" | "inputs">) {
  return task === "detect" || task === "refine" ? undefined : chip;
}

/** Pixels of a side of a crop that `refine` looks at. */
export const CROP_SIDE = 96;
/** Pixels of a side of the frame that a detector usually gets. */
const FRAME_SIDE = 800;

/** Pixels of a side of what the pipeline usually hands a model: a letterboxed frame, a crop or a chip. */
export function usualSide(manifest: Pick<Manifest, "task" | "inputs">): number {
  return chipSideOf(manifest) ?? (manifest.task === "detect" ? FRAME_SIDE : CROP_SIDE);
}

/** What is wrong with a pack: one sentence that names the file and the field. */
export class PackError extends ConfigError {
  override readonly name = "PackError";

  constructor(problem: string, options?: ErrorOptions) {
    super([problem], options);
  }
}

/** The graph itself failed, or the process that ran it; trying again may help. */
export function modelFailed(message: string, cause?: unknown): StageFailure {
  return new StageFailure("model_failed", message, { cause });
}
