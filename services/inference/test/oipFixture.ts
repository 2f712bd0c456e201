import { fileURLToPath } from "node:url";
import { openInference, type Inference, type ModelServer } from "@similarfaces/inference";
import type { OipServer } from "./oipServer.js";

const LOCAL = {
  modelsDir: fileURLToPath(new URL("../../../models", import.meta.url)),
  models: ["gender", "detect", "refine"],
  pack: "compact",
  // What a model server has.
  precision: { usual: "float32", of: {} },
  workers: 1,
} as const;
/** What the server has. */
export const NAMES: readonly string[] = LOCAL.models;

/** The graphs in this process, which the server computes with too. */
export const openLocal = (): Promise<Inference> => openInference(LOCAL);

export type Observer = Partial<Parameters<typeof openInference>[0]>;

/** The same graphs by way of the server, each picture on its own at once unless told otherwise. */
export function openRemote(
  { url }: OipServer,
  modelServer: Partial<ModelServer> = {},
  observer: Observer = {},
): Promise<Inference> {
  return openInference({
    ...LOCAL,
    modelServer: { url, batchSizeMax: 1, batchWaitMs: 0, ...modelServer },
    ...observer,
  });
}

/** What the graph for gender takes: 112 by 112 pixels of one value. */
export function chip(value: number) {
  return { pixels: new Uint8Array(112 * 112 * 3).fill(value), width: 112, height: 112 };
}

/** What the detector takes: 96 by 64 pixels. */
export function frame() {
  return { pixels: new Uint8Array(64 * 96 * 3).map((_, i) => (i * 31) & 255), width: 96, height: 64 };
}

/** The probabilities. */
export async function gender(inference: Inference, value: number): Promise<number[]> {
  const { outputs } = await inference.model("gender").predict(chip(value));
  return [...outputs["probabilities"]!.data];
}
