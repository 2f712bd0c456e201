import { modelFailed, modelName, type Manifest, type Variant } from "../packs/manifest.js";
import type {
  InferenceObserver,
  Model,
  Picture,
  PredictOptions,
  Prediction,
  RunningModel,
} from "../model.js";
import { prepareInput, type PreparedInput } from "../input/prepare.js";
import { PriorityQueue } from "./queue.js";
import { eachOf, pick, stack, together } from "./oipBatch.js";
import { RefusedError, type OipClient } from "./oipClient.js";
import type { Batch } from "./oipMetadata.js";

interface Served extends RunningModel {
  readonly manifest: Manifest;
  readonly batch: Batch;
}

/** One picture for one model. */
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

  model({ manifest, variant }: { manifest: Manifest; variant: Variant }, batch: Batch): Model {
    const { precision } = variant;
    const served: Served = { name: modelName({ manifest, variant }), precision, manifest, batch };
    return {
      manifest,
      name: served.name,
      precision,
      predict: (picture, options = {}) => this.#predict(served, picture, options),
    };
  }

  /** Several pictures are that many requests: batches are filled up with them and the others', to the size that the graph was compiled for. */
  async #predict(served: Served, picture: Picture, options: PredictOptions): Promise<Prediction> {
    if (this.#closed) throw modelFailed("the models are closed");
    if (options.signal?.aborted) throw modelFailed("stopped before it began");
    let inputs: readonly PreparedInput[];
    try {
      inputs = eachOf(prepareInput(picture, served.manifest));
    } catch (cause) {
      throw modelFailed(`${served.name}: ${reasonOf(cause)}`, cause);
    }
    const predictions = inputs.map((input) => this.#enqueue(served, input, options));
    this.#dispatch();
    return together(await Promise.all(predictions));
  }

  #enqueue(
    served: Served,
    input: PreparedInput,
    { priority = 0, signal, traceparent }: PredictOptions,
  ): Promise<Prediction> {
    return new Promise((resolve, reject) => {
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
    });
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
    const { name, precision, manifest, batch } = served;
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
      const traceparents = [...new Set(requests.flatMap(({ traceparent }) => traceparent ?? []))];
      const answer = await this.#client.infer(manifest.id, input, outputNames, traceparents[0]);
      const predictions = requests.map((_, index) => ({
        outputs: pick(answer, outputNames, index, size),
        startedAtMs,
        finishedAtMs: Date.now(),
      }));
      this.#onRun?.(
        { name, precision },
        {
          batchSize: requests.length,
          startedAtMs,
          durationMs: performance.now() - begun,
          steps: [],
          traceparents,
        },
      );
      requests.forEach(({ resolve }, index) => resolve(predictions[index]!));
    } catch (cause) {
      // The refusal may be due to one picture: the others of its batch are tried on their own.
      if (cause instanceof RefusedError && requests.length > 1 && !this.#closed) {
        for (const request of requests) await this.#answer(served, [request]);
        return;
      }
      const failure = modelFailed(`${name} on the model server: ${reasonOf(cause)}`, cause);
      for (const { reject } of requests) reject(failure);
    }
  }
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

function sameDims(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((side, i) => side === b[i]);
}
