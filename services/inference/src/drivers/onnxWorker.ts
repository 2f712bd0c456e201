import { readlinkSync } from "node:fs";
import { basename } from "node:path";
import { setPriority } from "node:os";
import { parentPort, threadId, workerData } from "node:worker_threads";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { LoadedModel } from "../packs/loadModel.js";
import { isAnalyzer, usualSide } from "../packs/manifest.js";
import type { Picture, Run, Tensor } from "../model.js";
import { prepareInput } from "../input/prepare.js";
import { checkSession } from "./session.js";

/** What a worker starts with. */
export interface WorkerStart {
  models: readonly LoadedModel[];
  /** Milliseconds that an analyzer may take for a chip; undefined where it may take any. */
  analyzerMsMax: number | undefined;
}

/** Main thread to worker: one picture, or several of one size, for one graph. */
export interface WorkerRequest {
  id: number;
  /** Of the model. */
  name: string;
  picture: Picture;
  traceparent?: string | undefined;
}

/** Worker to main thread. Times are milliseconds since the epoch. */
export type WorkerReply =
  /** Seconds by the name of the model. */
  | { type: "ready"; loadSeconds: Record<string, number> }
  | { type: "unusable"; message: string }
  | {
      type: "done";
      id: number;
      outputs: Record<string, Tensor>;
      finishedAtMs: number;
      run: Run;
    }
  | { type: "failed"; id: number; message: string };

const NICENESS = 5;
/** Of a bound: as many as it takes to meet it, and no longer. */
const TIMED_RUNS = 5;
const TIMED_MS_MAX = 2_000;

interface Loaded {
  session: InferenceSession;
  model: LoadedModel;
}

/**
 * One thread with one session per model. `run()` blocks its thread and gains nothing from a second one while others
 * compute, so each session has a single thread, and a machine has as many workers as cores.
 */
const port = parentPort!;
const sessions = new Map<string, Loaded>();

yieldToEventLoops();
try {
  const loadSeconds: Record<string, number> = {};
  const { models, analyzerMsMax } = workerData as WorkerStart;
  for (const model of models) {
    const startedAtMs = performance.now();
    sessions.set(model.name, await load(model, analyzerMsMax));
    loadSeconds[model.name] = (performance.now() - startedAtMs) / 1_000;
  }
  port.on("message", (request: WorkerRequest) => void answer(request));
  port.postMessage({ type: "ready", loadSeconds } satisfies WorkerReply);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  port.postMessage({ type: "unusable", message } satisfies WorkerReply);
}

/**
 * Lowers the priority of threads that compute below that of the event loop, which otherwise waits while every core computes.
 * Only Linux has a priority for each thread; elsewhere nothing changes.
 */
function yieldToEventLoops(): void {
  try {
    setPriority(Number(basename(readlinkSync("/proc/thread-self"))), NICENESS);
  } catch {
    // Not on Linux, or not allowed: answers come later under load, nothing else changes.
  }
}

/** Opens a session, checks it against its manifest and runs it once: the first run allocates what later ones use. */
async function load(model: LoadedModel, analyzerMsMax?: number): Promise<Loaded> {
  const { folder, manifest, variant, graph } = model;
  const path = `${folder}/${variant.file}`;
  const session = await InferenceSession.create(graph, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
  }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${path}: this is no graph that runs here (${reason})`);
  });
  checkSession(session, model);
  const loaded = { session, model };
  const side = usualSide(manifest);
  const picture = { pixels: new Uint8Array(side * side * 3), width: side, height: side };
  await run(loaded, picture).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${path}: does not run on a picture of ${side}x${side} (${reason})`);
  });
  if (analyzerMsMax !== undefined && isAnalyzer(manifest)) await refuseSlow(loaded, picture, analyzerMsMax);
  return loaded;
}

/** A graph that takes long would make every other one of the pool wait. Its fastest run counts: the machine may be busy with starting. */
async function refuseSlow(loaded: Loaded, picture: Picture, msMax: number): Promise<void> {
  const begun = performance.now();
  let fastestMs = Infinity;
  for (let runs = 0; runs < TIMED_RUNS && performance.now() - begun < TIMED_MS_MAX; runs++) {
    const startedAtMs = performance.now();
    await run(loaded, picture);
    fastestMs = Math.min(fastestMs, performance.now() - startedAtMs);
    if (fastestMs <= msMax) return;
  }
  const { name, folder, variant } = loaded.model;
  throw new Error(
    `${folder}/${variant.file}: takes ${fastestMs.toFixed(1)} ms for a chip, in a pool that it shares ${msMax} are allowed (ANALYZER_MS_MAX); give it a process of its own: ANALYZER=${name} node services/analyze/dist/main.js`,
  );
}

async function answer({ id, name, picture, traceparent }: WorkerRequest): Promise<void> {
  const startedAtMs = Date.now();
  const begun = performance.now();
  try {
    const loaded = sessions.get(name);
    if (!loaded) throw new Error(`no model ${name} is loaded`);
    const { outputs, preparedAt } = await run(loaded, picture);
    const durationMs = performance.now() - begun;
    const preparedAtMs = startedAtMs + preparedAt - begun;
    const reply: WorkerReply = {
      type: "done",
      id,
      outputs,
      finishedAtMs: Date.now(),
      run: {
        batchSize: picture.count ?? 1,
        startedAtMs,
        durationMs,
        steps: [
          { name: "prepare", fromMs: startedAtMs, toMs: preparedAtMs },
          { name: "run", fromMs: preparedAtMs, toMs: startedAtMs + durationMs },
        ],
        threadId,
        traceparents: traceparent === undefined ? [] : [traceparent],
      },
    };
    port.postMessage(
      reply,
      Object.values(outputs).map(({ data }) => data.buffer as ArrayBuffer),
    );
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    port.postMessage({ type: "failed", id, message } satisfies WorkerReply);
  }
}

/** `preparedAt` is when the tensor was ready, by performance.now(). */
async function run(
  { session, model }: Loaded,
  picture: Picture,
): Promise<{ outputs: Record<string, Tensor>; preparedAt: number }> {
  const [input] = model.manifest.inputs;
  const { dtype, data, dims } = prepareInput(picture, model.manifest);
  const tensor =
    dtype === "uint8"
      ? new OrtTensor("uint8", data as Uint8Array, dims)
      : new OrtTensor("float32", data as Float32Array, dims);
  const preparedAt = performance.now();
  const results = await session.run({ [input.name]: tensor });
  const outputs: Record<string, Tensor> = {};
  for (const { name } of model.manifest.outputs) {
    const result = results[name]!;
    // The runtime owns its memory; a transfer needs ours.
    outputs[name] = { data: (result.data as Float32Array).slice(), dims: result.dims };
    result.dispose();
  }
  return { outputs, preparedAt };
}
