import type { Manifest } from "./packs/manifest.js";
import type { Precision } from "./packs/precision.js";

/** float32 values and their dimensions, as the graph returned them. */
export interface Tensor {
  data: Float32Array;
  dims: readonly number[];
}

export interface Prediction {
  /** By the graph's output names. */
  outputs: Readonly<Record<string, Tensor>>;
  /** Milliseconds since the epoch: when a worker took the request, and when the graph had run. */
  startedAtMs: number;
  finishedAtMs: number;
}

/** Pixels as the pipeline has them: RGB, uint8, NHWC. The manifest describes the graph's own input. */
export interface Picture {
  pixels: Uint8Array;
  width: number;
  height: number;
  /** N: pictures of one size, one behind the other; 1 without it. */
  count?: number;
}

export interface PredictOptions {
  /** Lower runs sooner; equal ones in order of arrival. */
  priority?: number;
  signal?: AbortSignal;
  /** The trace that asks (W3C Trace Context): goes to the worker thread, or to the model server as a header. */
  traceparent?: string | undefined;
}

/** What runs, as metrics and logs name it. */
export interface RunningModel {
  /** "<id>@<version>", its name in results; with "+<precision>" where it has more than one variant. */
  readonly name: string;
  readonly precision: Precision;
}

export interface Model extends RunningModel {
  readonly manifest: Manifest;
  /**
   * Runs the graph on one picture or on several of one size, whose answers lie one behind the other. The picture's buffer is transferred to the worker: the caller must not use it
   * afterwards. A picture that is a part of a larger buffer is copied instead.
   * @throws StageFailure model_failed where the graph or its process fails, or the signal aborts the wait
   */
  predict(picture: Picture, options?: PredictOptions): Promise<Prediction>;
}

/** A driver's running set of models: `onnx` in worker threads, `oip` over HTTP. */
export interface Inference {
  readonly driver: "onnx" | "oip";
  /** By the name of its folder: one of CORE_MODELS or an analyzer's. @throws PackError for one that was not opened */
  model(name: string): Model;
  /** Workers in all, workers computing, requests waiting. */
  load(): { workers: number; busy: number; waiting: number };
  close(): Promise<void>;
}

/** One run of one graph. */
export interface Run {
  batchSize: number;
  /** Milliseconds since the epoch. */
  startedAtMs: number;
  durationMs: number;
  /** What it was made of, where that is known; milliseconds since the epoch. */
  steps: readonly { name: "prepare" | "run"; fromMs: number; toMs: number }[];
  /** Of the worker; undefined where a server ran it. */
  threadId?: number;
  /** The traces that asked for it. */
  traceparents: readonly string[];
}

/** Callbacks for metrics and spans. */
export interface InferenceObserver {
  /** Called once, when all models are open; `load` may be called at any later time. */
  onOpen?: ((load: Inference["load"]) => void) | undefined;
  onRun?: ((model: RunningModel, run: Run) => void) | undefined;
  onLoad?: ((model: RunningModel, seconds: number) => void) | undefined;
}
