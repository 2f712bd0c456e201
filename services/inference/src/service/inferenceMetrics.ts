import { TRACING_OFF, parseTraceparent, type Metrics, type Tracing } from "@similarfaces/runtime";
import type { Inference, InferenceObserver, Run, RunningModel } from "../model.js";

/** What an inference pool reports while it works, as metrics and spans. */
export function inferenceObserver(metrics: Metrics, tracing: Tracing = TRACING_OFF) {
  return {
    onOpen: (load: Inference["load"]): void => metrics.watchInference(load),
    onRun({ name: model, precision }: RunningModel, run: Run): void {
      const { durationMs, batchSize, startedAtMs, steps, threadId } = run;
      const parents = run.traceparents
        .map((traceparent) => parseTraceparent(traceparent))
        .filter((context) => context?.sampled);
      metrics.inferenceDuration.observe({ model, precision }, durationMs / 1_000, parents[0]);
      metrics.inferenceBatchSize.observe({ model, precision }, batchSize);
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
    onLoad({ name: model, precision }: RunningModel, seconds: number): void {
      metrics.modelLoad.set({ model, precision }, seconds);
    },
  } satisfies InferenceObserver;
}
