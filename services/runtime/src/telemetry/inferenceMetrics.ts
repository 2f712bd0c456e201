import type { InferenceLoad, Metrics } from "./metrics.js";
import { parseTraceparent } from "./traceContext.js";
import { TRACING_OFF, type Tracing } from "./tracing.js";

/** One run of one graph, as services/inference tells it. */
interface Run {
  batchSize: number;
  /** Milliseconds since the epoch. */
  startedAtMs: number;
  durationMs: number;
  steps: readonly { name: string; fromMs: number; toMs: number }[];
  threadId?: number;
  traceparents: readonly string[];
}

/** What an inference pool tells while it works, as metrics and spans. */
export function inferenceObserver(metrics: Metrics, tracing: Tracing = TRACING_OFF) {
  return {
    onOpen: (load: () => InferenceLoad): void => metrics.watchInference(load),
    onRun(model: string, run: Run): void {
      const { durationMs, batchSize, startedAtMs, steps, threadId } = run;
      const parents = run.traceparents
        .map((traceparent) => parseTraceparent(traceparent))
        .filter((context) => context?.sampled);
      metrics.inferenceDuration.observe({ model }, durationMs / 1_000, parents[0]);
      metrics.inferenceBatchSize.observe({ model }, batchSize);
      for (const parent of parents) {
        const attributes = {
          "similarfaces.model": model,
          "similarfaces.batch_size": batchSize,
          ...(threadId === undefined ? {} : { "thread.id": threadId }),
        };
        const span = tracing.start("inference", { parent, startedAtMs, attributes });
        for (const { name, fromMs, toMs } of steps) span.part(name, fromMs, toMs);
        span.end(startedAtMs + durationMs);
      }
    },
    onLoad(model: string, seconds: number): void {
      metrics.modelLoad.set({ model }, seconds);
    },
  };
}
