import { loadModel } from "../packs/loadModel.js";
import { PackError } from "../packs/manifest.js";
import { openOnnx } from "../drivers/onnx.js";
import type { PackEntry } from "./list.js";

export interface Verified {
  readonly entry: PackEntry;
  /** What is wrong, in one sentence; absent where nothing is. */
  readonly problem?: string;
  /** Seconds from the graph's bytes to its first answer. */
  readonly loadSeconds?: number;
}

/** Verifies a model as the pipeline does before it serves: manifest, digest, inputs and outputs, and one run. */
export async function verifyModel(entry: PackEntry): Promise<Verified> {
  const { folder, manifest, variant, problem } = entry;
  if (!manifest || !variant) return { entry, problem: problem ?? `${folder}: there is no manifest` };
  try {
    let loadSeconds = 0;
    const inference = await openOnnx({
      models: [await loadModel(folder, { manifest, variant })],
      workers: 1,
      onLoad: (_, seconds) => (loadSeconds = seconds),
    });
    await inference.close();
    return { entry, loadSeconds };
  } catch (error) {
    if (!(error instanceof PackError)) throw error;
    return { entry, problem: error.message };
  }
}
