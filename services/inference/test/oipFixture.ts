import { fileURLToPath } from "node:url";
import { openInference, type Inference, type ModelServer } from "@similarfaces/inference";
import type { OipServer } from "./oipServer.js";

const LOCAL = {
  modelsDir: fileURLToPath(new URL("../../../models", import.meta.url)),
  models: ["gender", "detect"],
  pack: "compact",
  workers: 1,
};
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

/** What the graph for gender takes: 144 by 144 pixels of one value. */
export function chip(value: number) {
  return { pixels: new Uint8Array(144 * 144 * 3).fill(value), width: 144, height: 144 };
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
