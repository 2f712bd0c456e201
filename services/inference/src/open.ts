import type { ModelServer } from "./drivers/oip.js";
import { openOnnx } from "./drivers/onnx.js";
import { refusalOfVariant } from "./packs/chooseVariant.js";
import { findModels, type FoundModel, type PackChoice } from "./packs/findModels.js";
import { loadModel } from "./packs/loadModel.js";
import { PackError } from "./packs/manifest.js";
import type { Inference, InferenceObserver } from "./model.js";

/** How models are opened, whichever they are. */
export interface OpeningOptions extends InferenceObserver {
  /** Threads with a session set each, one per usable core; of a model server, requests inside it at a time. */
  workers: number;
  /** Milliseconds that an analyzer may take for a chip where others share its workers; no bound without it, none of a model server. */
  analyzerMsMax?: number | undefined;
  /** Where the graphs run instead of in this process: the `oip` driver. Its models are named by their manifests' ids. */
  modelServer?: ModelServer | undefined;
  /** Gives up waiting for the model server. */
  signal?: AbortSignal | undefined;
}

export interface InferenceOptions extends PackChoice, OpeningOptions {
  /** By name: `detect`, `embed`, or an analyzer's. */
  models: readonly string[];
}

/** Here and not where variants are chosen: who only names a model may run on another processor than its service. */
function refuseInexact(models: readonly FoundModel[]): void {
  for (const { manifest, variant } of models) {
    const refusal = refusalOfVariant(manifest, variant);
    if (refusal !== undefined) throw new PackError(refusal);
  }
}

/**
 * Loads, verifies and warms every model; resolves when each has run once.
 * @throws PackError: one sentence naming file and field
 * @throws StageFailure model_failed where a model server does not become ready in its time
 */
export async function openInference(options: InferenceOptions): Promise<Inference> {
  return openFound(await findModels(options, options.models), options);
}

/** The same for models whose papers are read already. */
export async function openFound(models: readonly FoundModel[], options: OpeningOptions): Promise<Inference> {
  const { workers, analyzerMsMax, modelServer, signal, onRun, onLoad, onOpen } = options;
  if (!modelServer) refuseInexact(models);
  const inference = modelServer
    ? // Its HTTP client costs 150 ms of a start and 16 MiB: nothing for a process that runs its graphs itself.
      await (
        await import("./drivers/oip.js")
      ).openOip({ models, server: modelServer, lanes: workers, signal, onRun, onLoad })
    : await openOnnx({
        models: await Promise.all(models.map((model) => loadModel(model.folder, model))),
        workers,
        analyzerMsMax,
        onRun,
        onLoad,
      });
  onOpen?.(() => inference.load());
  return inference;
}
