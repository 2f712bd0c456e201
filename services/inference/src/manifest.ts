import type {
  AnswerSpecJson,
  ClassificationSpecJson,
  MeasurementJson,
  MeasureSpecJson,
  TextsJson,
} from "@similarfaces/contracts";
import { CHIP_SIDE, StageFailure } from "@similarfaces/contracts";
import { ConfigError } from "@similarfaces/runtime/settings";

/** The models that every installation has one of, in the pipeline's order; their folders are named after them, and all others are analyzers. */
export const CORE_MODELS = ["detect", "embed"] as const;

/** What a model is for. An analyzer's folder has the name of its stage. */
type Task = (typeof CORE_MODELS)[number] | "analyze";

/** Whether a folder of this name holds a detector or an embedder. */
export const isCoreModel = (name: string): boolean => CORE_MODELS.some((model) => model === name);

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
  /** The central square of the chip, in chip pixels; the whole chip without it. */
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

/** One answer of an analyzer: how it is shown, as its announcement has it, and the graph's output that it is read from. */
export interface ManifestAnswer extends Pick<AnswerSpecJson, "name" | "title"> {
  output: string;
  tag?: boolean;
  caution?: TextsJson;
  /** One of the two. */
  classification?: ClassificationSpecJson;
  measure?: MeasureSpecJson;
}

/** `manifest.json` in a model's folder; the schema is models/manifest.schema.json. */
export interface Manifest {
  id: string;
  version: string;
  task: Task;
  file: string;
  url?: string;
  sha256: string;
  bytes: number;
  opset: number;
  inputs: readonly [ManifestInput];
  outputs: readonly ManifestOutput[];
  /** Of a detector: which of vision's decoders reads its outputs. */
  decoder?: "cells" | "yunet";
  thresholds?: Readonly<Partial<Record<"score" | "iou" | "fmr1e2" | "fmr1e3" | "fmr1e4", number>>>;
  calibration?: { readonly slope: number; readonly intercept: number; readonly prior: number };
  /** Multiply-adds of one picture of this height and width. */
  operations?: { readonly multiplyAdds: number; readonly height: number; readonly width: number };
  licence: string;
  notice?: string;
  source: string;
  measured: readonly MeasurementJson[];
}

export interface AnalyzerManifest extends Manifest {
  task: "analyze";
  title: TextsJson;
  /** Where it stands among the others; equal ones by name. */
  order: number;
  /** Angle in OKLCH, degrees. */
  hue?: number;
  answers: readonly ManifestAnswer[];
}

export const isAnalyzer = (manifest: Manifest): manifest is AnalyzerManifest => manifest.task === "analyze";

/** "<id>@<version>", the model's name in results and metrics. */
export function modelName({ id, version }: Manifest): string {
  return `${id}@${version}`;
}

/** Pixels of a side of what the pipeline usually hands a model: a letterboxed frame or a chip. */
export function usualSide({ task }: Manifest): number {
  return task === "detect" ? 800 : CHIP_SIDE;
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
