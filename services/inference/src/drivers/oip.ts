import { setTimeout as delay } from "node:timers/promises";
import { StageFailure } from "@similarfaces/contracts";
import { modelFailed, PackError, usualSide, type Manifest, type Variant } from "../packs/manifest.js";
import type { Inference, InferenceObserver } from "../model.js";
import { OipClient } from "./oipClient.js";
import { batchOf, checkMetadata } from "./oipMetadata.js";
import { Scheduler } from "./oipScheduler.js";

/** A server that speaks the Open Inference Protocol v2, such as Triton, KServe or MLServer. */
export interface ModelServer {
  /** http or https, without the `/v2`. */
  readonly url: string;
  /** Pictures in one run at most, of models whose input has a free or larger first dimension. */
  readonly batchSizeMax: number;
  /** How long the first picture of a batch waits for others, milliseconds. */
  readonly batchWaitMs: number;
  /** For one answer, milliseconds. */
  readonly timeoutMs?: number;
  /** For the server to load its models, milliseconds; compiled graphs take minutes. */
  readonly readyWithinMs?: number;
}

export interface OipOptions extends InferenceObserver {
  models: readonly { name: string; manifest: Manifest; variant: Variant }[];
  server: ModelServer;
  /** Requests inside the server at a time. */
  lanes: number;
  signal?: AbortSignal | undefined;
}

const TIMEOUT_MS = 10_000;
const READY_WITHIN_MS = 300_000;
const READY_POLL_MS = 250;

/**
 * The models of a server beside this process. The server's metadata is checked against the manifests, and each model
 * runs once, before this resolves. Waiting pictures are ordered here, as in the `onnx` driver, and go in batches.
 * @throws PackError where the server's model is another than the manifest's, or a variant is chosen that no server has
 * @throws StageFailure model_failed where the server does not become ready, or does not answer
 */
export async function openOip(options: OipOptions): Promise<Inference> {
  const { models, server, onLoad, signal } = options;
  const client = new OipClient(server.url, server.timeoutMs ?? TIMEOUT_MS);
  const scheduler = new Scheduler(client, { lanes: options.lanes, batchWaitMs: server.batchWaitMs });
  try {
    const deadlineAtMs = Date.now() + (server.readyWithinMs ?? READY_WITHIN_MS);
    const opened = await Promise.all(
      models.map(async ({ name, manifest, variant }) => {
        refuseOther({ manifest, variant });
        const startedAtMs = performance.now();
        await untilReady(client, manifest.id, deadlineAtMs, signal);
        const metadata = await client.modelMetadata(manifest.id);
        checkMetadata(server.url, metadata, { manifest, variant });
        const model = scheduler.model(
          { manifest, variant },
          batchOf(metadata, manifest, server.batchSizeMax),
        );
        const side = usualSide(manifest);
        await model.predict({ pixels: new Uint8Array(side * side * 3), width: side, height: side });
        onLoad?.(model, (performance.now() - startedAtMs) / 1_000);
        return [name, model] as const;
      }),
    );
    scheduler.observe(options.onRun);
    const byName = new Map(opened);
    return {
      driver: "oip",
      model(name) {
        const model = byName.get(name);
        if (!model) throw new PackError(`no model ${name} was opened`);
        return model;
      },
      load: () => scheduler.load(),
      close: () => scheduler.close(),
    };
  } catch (error) {
    await scheduler.close();
    if (error instanceof PackError || error instanceof StageFailure) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw modelFailed(`the model server at ${server.url}: ${reason}`, error);
  }
}

/** What is compiled for a model server is made of float32; it is named after the manifest's id, which says nothing of a variant. */
function refuseOther({ manifest, variant }: { manifest: Manifest; variant: Variant }): void {
  if (variant.precision === "float32") return;
  throw new PackError(
    `${manifest.id}: the variant ${variant.precision} is chosen (MODEL_PRECISION), a model server runs float32`,
  );
}

async function untilReady(
  client: OipClient,
  model: string,
  deadlineAtMs: number,
  signal?: AbortSignal,
): Promise<void> {
  for (;;) {
    const problem = await client.notReady(model);
    if (problem === undefined) return;
    if (Date.now() > deadlineAtMs)
      throw modelFailed(`the model server did not make ${model} ready: ${problem}`);
    await delay(READY_POLL_MS, undefined, signal ? { signal } : {});
  }
}
