import { openOnnx } from "./drivers/onnx.js";
import { loadModel, type Task } from "./manifest.js";
import type { Inference, InferenceObserver } from "./model.js";

export interface InferenceOptions extends InferenceObserver {
  /** The folder of packs, usually the repository's `models`. */
  modelsDir: string;
  tasks: readonly Task[];
  /** The pack of every task that `packs` does not name. */
  pack: string;
  /** Packs may be mixed: for instance `{ detect: "yunet" }`. */
  packs?: Partial<Record<Task, string>>;
  /** Threads with a session set each; one per usable core. */
  workers: number;
}

/**
 * Loads, verifies and warms every model; resolves when each has run once.
 * @throws PackError: one sentence naming file and field
 */
export async function openInference(options: InferenceOptions): Promise<Inference> {
  const { modelsDir, tasks, pack, packs = {}, workers, onRun, onLoad } = options;
  const models = await Promise.all(tasks.map((task) => loadModel(modelsDir, packs[task] ?? pack, task)));
  return openOnnx({ models, workers, onRun, onLoad });
}

/** Reads `detect=yunet,embed=mine`. @throws Error for a task that does not exist */
export function parsePacks(text: string, tasks: readonly Task[]): Partial<Record<Task, string>> {
  const packs: Partial<Record<Task, string>> = {};
  for (const part of text.split(",").filter((item) => item.trim() !== "")) {
    const [name, pack] = part.split("=").map((item) => item.trim());
    const task = tasks.find((candidate) => candidate === name);
    if (!task || !pack) throw new Error(`must be like detect=yunet, with tasks among ${tasks.join(", ")}`);
    packs[task] = pack;
  }
  return packs;
}
