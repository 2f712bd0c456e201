import { modelFailed, modelName, type Manifest } from "../manifest.js";
import type { InferenceObserver, Model, Prediction, Tensor } from "../model.js";
import { prepareInput, type PreparedInput } from "../prepare.js";
import { PriorityQueue } from "../queue.js";
import { RefusedError, type InferInput, type OipClient } from "./oipClient.js";
import type { Batch } from "./oipMetadata.js";

interface Served {
  readonly manifest: Manifest;
  readonly batch: Batch;
}

interface Request {
  readonly priority: number;
  readonly served: Served;
  readonly input: PreparedInput;
  readonly arrivedAtMs: number;
  readonly traceparent: string | undefined;
  begin(): void;
  resolve(prediction: Prediction): void;
  reject(error: Error): void;
}

export interface SchedulerOptions {
  /** Requests inside the server at a time. */
  lanes: number;
  /** How long the first picture of a batch waits for others, milliseconds. */
  batchWaitMs: number;
}

/** Orders what waits for a model server, and sends it in batches of one model and one size of picture. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #client: OipClient;
  readonly #waiting = new PriorityQueue<Request>();
  #onRun: InferenceObserver["onRun"];
  #busy = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(client: OipClient, options: SchedulerOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** From now on runs are reported; those of the warm-up are not. */
  observe(onRun: InferenceObserver["onRun"]): void {
    this.#onRun = onRun;
  }

  model(manifest: Manifest, batch: Batch): Model {
    const served: Served = { manifest, batch };
    return {
      manifest,
      name: modelName(manifest),
      predict: (picture, { priority = 0, signal, traceparent } = {}) =>
        new Promise((resolve, reject) => {
          if (this.#closed) return reject(modelFailed("the models are closed"));
          if (signal?.aborted) return reject(modelFailed("stopped before it began"));
          let input: PreparedInput;
          try {
            input = prepareInput(picture, manifest.inputs[0]);
          } catch (cause) {
            return reject(modelFailed(`${modelName(manifest)}: the picture does not fit`, cause));
          }
          const request: Request = {
            priority,
            served,
            input,
            arrivedAtMs: performance.now(),
            traceparent,
            begin: () => signal?.removeEventListener("abort", stop),
            resolve,
            reject,
          };
          const stop = () => {
            if (this.#waiting.remove(request)) reject(modelFailed("stopped before it began"));
          };
          signal?.addEventListener("abort", stop, { once: true });
          this.#waiting.push(request);
          this.#dispatch();
        }),
    };
  }

  load(): { workers: number; busy: number; waiting: number } {
    return { workers: this.#options.lanes, busy: this.#busy, waiting: this.#waiting.size };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (let request = this.#waiting.shift(); request; request = this.#waiting.shift()) {
      request.reject(modelFailed("the models are closed"));
    }
    this.#client.close();
  }

  /** Sends while a lane is free. A batch that is not full waits for the rest of its time, and what is behind it too. */
  #dispatch(): void {
    clearTimeout(this.#timer);
    while (this.#busy < this.#options.lanes) {
      const head = this.#waiting.peek();
      if (!head) return;
      const { served, input } = head;
      const batch = this.#waiting.first(
        served.batch.max,
        (other) => other.served === served && sameDims(other.input.dims, input.dims),
      );
      if (batch.length < served.batch.max) {
        const oldestAtMs = Math.min(...batch.map(({ arrivedAtMs }) => arrivedAtMs));
        const restMs = oldestAtMs + this.#options.batchWaitMs - performance.now();
        if (restMs > 0) {
          this.#timer = setTimeout(() => this.#dispatch(), Math.ceil(restMs));
          return;
        }
      }
      for (const request of batch) {
        this.#waiting.remove(request);
        request.begin();
      }
      void this.#run(served, batch);
    }
  }

  /** In a lane of its own until all of them are answered. */
  async #run(served: Served, requests: readonly Request[]): Promise<void> {
    this.#busy++;
    try {
      await this.#answer(served, requests);
    } finally {
      this.#busy--;
      this.#dispatch();
    }
  }

  async #answer(served: Served, requests: readonly Request[]): Promise<void> {
    const { manifest, batch } = served;
    const startedAtMs = Date.now();
    const begun = performance.now();
    try {
      const size = batch.fixed ?? requests.length;
      const input = stack(
        manifest.inputs[0].name,
        requests.map(({ input }) => input),
        size,
      );
      const outputNames = manifest.outputs.map(({ name }) => name);
      const traceparents = requests.flatMap(({ traceparent }) => traceparent ?? []);
      const answer = await this.#client.infer(manifest.id, input, outputNames, traceparents[0]);
      const predictions = requests.map((_, index) => ({
        outputs: pick(answer, outputNames, index, size),
        startedAtMs,
        finishedAtMs: Date.now(),
      }));
      this.#onRun?.(modelName(manifest), {
        batchSize: requests.length,
        startedAtMs,
        durationMs: performance.now() - begun,
        steps: [],
        traceparents,
      });
      requests.forEach(({ resolve }, index) => resolve(predictions[index]!));
    } catch (cause) {
      // The refusal may be due to one picture: the others of its batch are tried on their own.
      if (cause instanceof RefusedError && requests.length > 1 && !this.#closed) {
        for (const request of requests) await this.#answer(served, [request]);
        return;
      }
      const reason = cause instanceof Error ? cause.message : String(cause);
      const failure = modelFailed(`${modelName(manifest)} on the model server: ${reason}`, cause);
      for (const { reject } of requests) reject(failure);
    }
  }
}

function sameDims(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((side, i) => side === b[i]);
}

/** Pictures one after the other along the first dimension; zeros fill up to `size`. */
function stack(name: string, inputs: readonly PreparedInput[], size: number): InferInput {
  const { dtype, data, dims } = inputs[0]!;
  if (size === 1) return { name, dtype, data, dims };
  const length = data.length;
  const all = dtype === "uint8" ? new Uint8Array(length * size) : new Float32Array(length * size);
  inputs.forEach((input, index) => all.set(input.data, index * length));
  return { name, dtype, data: all, dims: [size, ...dims.slice(1)] };
}

/** The picture's own part of every output. */
function pick(
  answer: ReadonlyMap<string, Tensor>,
  names: readonly string[],
  index: number,
  size: number,
): Record<string, Tensor> {
  const outputs: Record<string, Tensor> = {};
  for (const name of names) {
    const tensor = answer.get(name);
    if (!tensor) throw new Error(`the answer lacks the output ${name}`);
    const { data, dims } = tensor;
    if (dims[0] !== size) throw new Error(`the output ${name} is of ${dims[0]} pictures, ${size} were sent`);
    const length = data.length / size;
    outputs[name] = { data: data.slice(index * length, (index + 1) * length), dims: [1, ...dims.slice(1)] };
  }
  return outputs;
}
