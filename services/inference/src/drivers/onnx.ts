import { Worker } from "node:worker_threads";
import type { LoadedModel } from "../packs/loadModel.js";
import { modelFailed, modelName, PackError } from "../packs/manifest.js";
import type { Inference, InferenceObserver, Model, Picture, Prediction, RunningModel } from "../model.js";
import { PriorityQueue } from "./queue.js";
import type { WorkerReply, WorkerRequest, WorkerStart } from "./onnxWorker.js";
import { withoutTelemetry } from "./telemetry.js";

export interface OnnxOptions extends InferenceObserver {
  models: readonly LoadedModel[];
  workers: number;
  /** Milliseconds that an analyzer may take for a chip, where it is not alone; measured when the pool opens. */
  analyzerMsMax?: number | undefined;
}

interface Request {
  readonly priority: number;
  /** Of the model. */
  readonly name: string;
  readonly picture: Picture;
  readonly traceparent: string | undefined;
  /** Called when a worker takes it: from then on it is not called off. */
  begin(): void;
  resolve(prediction: Prediction): void;
  reject(error: Error): void;
}

/**
 * ONNX Runtime in this process, in worker threads. A worker has one request inside it at a time; the others wait here,
 * where they are ordered. A worker that ends takes its request with it (the message comes again) and is replaced.
 * @throws PackError if a graph does not load, run or fit its manifest
 */
export async function openOnnx(options: OnnxOptions): Promise<Inference> {
  withoutTelemetry();
  const pool = new Pool(options);
  await pool.start();
  const models = new Map(options.models.map((loaded) => [loaded.name, pool.model(loaded)]));
  return {
    driver: "onnx",
    model(name) {
      const model = models.get(name);
      if (!model) throw new PackError(`no model ${name} was opened`);
      return model;
    },
    load: () => pool.load(),
    close: () => pool.close(),
  };
}

/** A replacement that dies before it is ready this many times in a row is no accident. */
const REPLACEMENTS_MAX = 5;

class Pool {
  readonly #options: OnnxOptions;
  readonly #waiting = new PriorityQueue<Request>();
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Request>();
  readonly #running: ReadonlyMap<string, RunningModel>;
  /** Each settles, and never rejects, when its worker is ready or gone. */
  readonly #starting = new Set<Promise<unknown>>();
  #failedStarts = 0;
  /** The first has started: a start that fails now is tried again. */
  #opened = false;
  #nextId = 0;
  #closed = false;

  constructor(options: OnnxOptions) {
    this.#options = options;
    this.#running = new Map(
      options.models.map((model) => {
        const { precision } = model.variant;
        return [model.name, { name: modelName(model), precision }];
      }),
    );
  }

  /** Resolves when the first worker is ready: it can do all that is asked for. The others load after it, beside what it does by then. */
  async start(): Promise<void> {
    try {
      await this.#addWorker();
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#opened = true;
    // What the first has loaded they can load; a start that fails all the same is tried again.
    for (let others = this.#options.workers - 1; others > 0; others--) this.#addWorker().catch(() => {});
  }

  model({ name, manifest }: LoadedModel): Model {
    return {
      manifest,
      ...this.#running.get(name)!,
      predict: (picture, { priority = 0, signal, traceparent } = {}) =>
        new Promise((resolve, reject) => {
          if (this.#closed) return reject(modelFailed("the models are closed"));
          if (signal?.aborted) return reject(modelFailed("stopped before it began"));
          const request: Request = {
            priority,
            name,
            picture: owned(picture),
            traceparent,
            begin: () => signal?.removeEventListener("abort", stop),
            resolve,
            reject,
          };
          const stop = () => {
            if (this.#waiting.remove(request)) reject(modelFailed("stopped before it began"));
          };
          this.#waiting.push(request);
          signal?.addEventListener("abort", stop, { once: true });
          this.#dispatch();
        }),
    };
  }

  load(): { workers: number; busy: number; waiting: number } {
    const busy = this.#busy.size;
    return { workers: busy + this.#idle.length, busy, waiting: this.#waiting.size };
  }

  /** What waits is refused; who computes or loads a graph ends that first, because ending a thread inside ONNX Runtime can end the process. */
  async close(): Promise<void> {
    this.#closed = true;
    for (let request = this.#waiting.shift(); request; request = this.#waiting.shift()) {
      request.reject(modelFailed("the models are closed"));
    }
    const gone = [...this.#busy.keys()].map(
      (worker) => new Promise((resolve) => worker.once("exit", resolve)),
    );
    await Promise.all([...this.#idle.map((worker) => worker.terminate()), ...gone, ...this.#starting]);
  }

  #dispatch(): void {
    while (this.#idle.length > 0) {
      const request = this.#waiting.shift();
      if (!request) return;
      const worker = this.#idle.pop()!;
      this.#busy.set(worker, request);
      request.begin();
      const { name, picture, traceparent } = request;
      const message: WorkerRequest = { id: this.#nextId++, name, picture, traceparent };
      worker.postMessage(message, [picture.pixels.buffer as ArrayBuffer]);
    }
  }

  /** Resolves when the worker has loaded its sessions and run each once. */
  #addWorker(): Promise<void> {
    const start = new Promise<void>((resolve, reject) => {
      // The graphs' bytes are copied into the worker: what was verified is what runs.
      const worker = new Worker(new URL("./onnxWorker.js", import.meta.url), {
        workerData: { models: this.#options.models, analyzerMsMax: this.#msMax() } satisfies WorkerStart,
      });
      worker.on("message", (reply: WorkerReply) => {
        if (reply.type === "unusable") return reject(new PackError(reply.message));
        if (reply.type !== "ready") return this.#finish(worker, reply);
        this.#failedStarts = 0;
        for (const [name, seconds] of Object.entries(reply.loadSeconds)) {
          this.#options.onLoad?.(this.#running.get(name)!, seconds);
        }
        if (this.#closed) void worker.terminate();
        else this.#idle.push(worker);
        resolve();
        this.#dispatch();
      });
      worker.once("error", (error) => reject(error));
      worker.once("exit", () => {
        reject(modelFailed("a worker ended while it started"));
        this.#replace(worker);
      });
    });
    const settled: Promise<unknown> = start.catch(() => {}).then(() => this.#starting.delete(settled));
    this.#starting.add(settled);
    return start;
  }

  /** A worker that takes the place of another starts while the rest of the machine is busy: its first runs say nothing of the graph. */
  #msMax(): number | undefined {
    const { models, analyzerMsMax } = this.#options;
    return models.length > 1 && !this.#opened ? analyzerMsMax : undefined;
  }

  #finish(worker: Worker, reply: Extract<WorkerReply, { id: number }>): void {
    const request = this.#busy.get(worker);
    if (!request) return;
    this.#busy.delete(worker);
    if (this.#closed) void worker.terminate();
    else this.#idle.push(worker);
    const model = this.#running.get(request.name)!;
    if (reply.type === "failed") request.reject(modelFailed(`${model.name}: ${reply.message}`));
    else {
      const { outputs, finishedAtMs, run } = reply;
      this.#options.onRun?.(model, run);
      request.resolve({ outputs, startedAtMs: run.startedAtMs, finishedAtMs });
    }
    this.#dispatch();
  }

  #replace(worker: Worker): void {
    const wasIdle = this.#idle.indexOf(worker);
    if (wasIdle >= 0) this.#idle.splice(wasIdle, 1);
    const request = this.#busy.get(worker);
    this.#busy.delete(worker);
    request?.reject(modelFailed("the worker ended while it computed"));
    const wasReady = wasIdle >= 0 || request !== undefined;
    if (this.#closed || (!wasReady && !this.#opened)) return;
    if (!wasReady && ++this.#failedStarts > REPLACEMENTS_MAX) return this.#giveUp();
    // A start that fails ends in "exit" again, and so here again, a few times.
    this.#addWorker().catch(() => {});
  }

  /**
   * A process that can compute no more ends: otherwise it would hold work until its deadline, or fail it as fast as it can pull.
   * What it holds is redelivered, to other replicas or to the process that its supervisor starts.
   */
  #giveUp(): void {
    setImmediate(() => {
      throw new Error(`${REPLACEMENTS_MAX + 1} workers in a row ended while they started`);
    });
  }
}

/**
 * A transfer takes the whole buffer along: a picture that is part of a larger one is copied first. Not by `slice`, which
 * copies nothing of a Buffer: the broker's receive buffer would go, with the messages that follow in it.
 */
function owned(picture: Picture): Picture {
  const { pixels } = picture;
  const whole = pixels.byteOffset === 0 && pixels.byteLength === pixels.buffer.byteLength;
  return whole && pixels.buffer instanceof ArrayBuffer
    ? picture
    : { ...picture, pixels: new Uint8Array(pixels) };
}
