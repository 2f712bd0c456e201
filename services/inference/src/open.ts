import { openOip, type ModelServer } from "./drivers/oip.js";
import { openOnnx } from "./drivers/onnx.js";
import { loadManifest, loadModel, type Task } from "./manifest.js";
import type { Inference, InferenceObserver } from "./model.js";

export interface InferenceOptions extends InferenceObserver {
  /** The folder of packs, usually the repository's `models`. */
  modelsDir: string;
  tasks: readonly Task[];
  /** The pack of every task that `packs` does not name. */
  pack: string;
  /** Packs may be mixed: for instance `{ detect: "yunet" }`. */
  packs?: Partial<Record<Task, string>>;
  /** Threads with a session set each, one per usable core; of a model server, requests inside it at a time. */
  workers: number;
  /** Where the graphs run instead of in this process: the `oip` driver. Its models are named by their manifests' ids. */
  modelServer?: ModelServer | undefined;
  /** Gives up waiting for the model server. */
  signal?: AbortSignal | undefined;
}

/**
 * Loads, verifies and warms every model; resolves when each has run once.
 * @throws PackError: one sentence naming file and field
 * @throws StageFailure model_failed where a model server does not become ready in its time
 */
export async function openInference(options: InferenceOptions): Promise<Inference> {
  const { modelsDir, tasks, pack, packs = {}, workers, modelServer, signal, onRun, onLoad, onOpen } = options;
  const packOf = (task: Task) => packs[task] ?? pack;
  const inference = modelServer
    ? await openOip({
        manifests: await Promise.all(tasks.map((task) => loadManifest(modelsDir, packOf(task), task))),
        server: modelServer,
        lanes: workers,
        signal,
        onRun,
        onLoad,
      })
    : await openOnnx({
        models: await Promise.all(tasks.map((task) => loadModel(modelsDir, packOf(task), task))),
        workers,
        onRun,
        onLoad,
      });
  onOpen?.(() => inference.load());
  return inference;
}
