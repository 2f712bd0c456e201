import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { StageFailure } from "@similarfaces/contracts";

/** What a model pack knows how to do, one graph each. */
export const TASKS = ["detect", "embed", "age", "gender", "race", "emotion"] as const;
export type Task = (typeof TASKS)[number];

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
  /** Of a detector: width and height are multiples of this. */
  sideMultiple?: number;
}

export interface ManifestOutput {
  name: string;
  dtype: "float32";
  shape: Shape;
}

export interface Measurement {
  data: string;
  n: number;
  /** Year and month, or a full date. */
  date: string;
  figures: Readonly<Record<string, unknown>>;
}

/** `models/<pack>/<task>/manifest.json`; the schema is models/manifest.schema.json. */
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
  /** Of a classifier, in the order of its output. */
  labels?: readonly string[];
  thresholds?: Readonly<Partial<Record<"score" | "iou" | "fmr1e2" | "fmr1e3" | "fmr1e4", number>>>;
  calibration?: { readonly slope: number; readonly intercept: number; readonly prior: number };
  /** Multiply-adds of one picture of this height and width. */
  operations?: { readonly multiplyAdds: number; readonly height: number; readonly width: number };
  licence: string;
  notice?: string;
  source: string;
  measured: readonly Measurement[];
}

/** "<id>@<version>", as it stands in results and metrics. */
export function modelName({ id, version }: Manifest): string {
  return `${id}@${version}`;
}

/** Pixels of a side of what the pipeline usually hands a model: a letterboxed frame or a chip. */
export function usualSide(task: Task): number {
  return task === "detect" ? 800 : 144;
}

/** A model of a pack, read and verified: what is in `graph` is what runs. */
export interface LoadedModel {
  /** Where it lies; what is wrong with it names the file. */
  folder: string;
  manifest: Manifest;
  graph: Uint8Array;
}

/** What is wrong with a pack: one sentence that names the file and the field. */
export class PackError extends Error {
  override readonly name = "PackError";
}

/**
 * Reads one model of a pack and verifies its manifest and digest.
 * @throws PackError
 */
export async function loadModel(modelsDir: string, pack: string, task: Task): Promise<LoadedModel> {
  const manifest = await loadManifest(modelsDir, pack, task);
  const folder = join(modelsDir, pack, task);
  const path = join(folder, manifest.file);
  const graph = await readFile(path).catch((cause: unknown) => {
    const hint = manifest.url ? `; fetch it with: npm run models -- pull ${pack}` : "";
    throw new PackError(`${path}: the file that the manifest names is missing${hint}`, { cause });
  });
  verifyDigest(path, manifest, graph);
  return { folder, manifest, graph };
}

/** @throws PackError for an unknown pack or task, and for the first field that the schema refuses */
export async function loadManifest(modelsDir: string, pack: string, task: Task): Promise<Manifest> {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(pack)) throw new PackError(`"${pack}" is no name of a pack`);
  const path = join(modelsDir, pack, task, "manifest.json");
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new PackError(`${path}: there is no such file; the pack "${pack}" has no model for ${task}`, {
      cause,
    });
  });
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch (cause) {
    throw new PackError(`${path}: this is not JSON`, { cause });
  }
  const validate = await manifestValidator(modelsDir);
  if (!validate(manifest)) throw new PackError(`${path}: ${sentenceOf(validate.errors ?? [])}`);
  const valid = manifest as Manifest;
  if (valid.task !== task)
    throw new PackError(`${path}: field task is "${valid.task}", the folder says "${task}"`);
  checkLabels(path, valid);
  return valid;
}

/** @throws PackError with the field that does not fit */
export function verifyDigest(path: string, { sha256, bytes }: Manifest, graph: Uint8Array): void {
  if (graph.byteLength !== bytes) {
    throw new PackError(`${path}: has ${graph.byteLength} bytes, the manifest's field bytes says ${bytes}`);
  }
  const digest = createHash("sha256").update(graph).digest("hex");
  if (digest !== sha256) {
    throw new PackError(`${path}: its SHA-256 is ${digest}, the manifest's field sha256 says ${sha256}`);
  }
}

/** The graph itself failed, or the process that ran it; trying again may help. */
export function modelFailed(message: string, cause?: unknown): StageFailure {
  return new StageFailure("model_failed", message, { cause });
}

const validators = new Map<string, Promise<ValidateFunction>>();

function manifestValidator(modelsDir: string): Promise<ValidateFunction> {
  let validator = validators.get(modelsDir);
  if (!validator) {
    validator = readFile(join(modelsDir, "manifest.schema.json"), "utf8").then((schema) =>
      new Ajv({ strictTypes: false, strictRequired: false }).compile(JSON.parse(schema) as object),
    );
    validators.set(modelsDir, validator);
  }
  return validator;
}

function sentenceOf(errors: readonly ErrorObject[]): string {
  // That a condition's consequence does not hold says nothing; what of it does not hold comes before.
  const error = errors.find(({ keyword }) => keyword !== "if");
  if (!error) return "the manifest does not fit its schema";
  const inside = error.instancePath.slice(1).replaceAll("/", ".");
  const missing = error.params["missingProperty"] as string | undefined;
  if (missing !== undefined) return `field ${inside === "" ? missing : `${inside}.${missing}`} is missing`;
  const field = inside || "manifest";
  const extra = error.params["additionalProperty"] as string | undefined;
  return `field ${field} ${error.message ?? "does not fit"}${extra ? ` ("${extra}")` : ""}`;
}

/** A classifier whose labels and outputs disagree would name the wrong thing with confidence. */
function checkLabels(path: string, { labels, outputs }: Manifest): void {
  if (!labels) return;
  const probabilities = outputs.find(({ name }) => name === "probabilities");
  const classes = probabilities?.shape.at(-1);
  if (classes !== labels.length) {
    throw new PackError(
      `${path}: field labels has ${labels.length} names, the output "probabilities" has ${classes ?? "no"} classes`,
    );
  }
}
