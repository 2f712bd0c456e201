import type { Metrics } from "./metrics.js";

/** What an inference pool tells while it works, as metrics. */
export function inferenceObserver(metrics: Metrics) {
  return {
    onRun(model: string, { durationMs, batchSize }: { durationMs: number; batchSize: number }): void {
      metrics.inferenceDuration.observe({ model }, durationMs / 1_000);
      metrics.inferenceBatchSize.observe({ model }, batchSize);
    },
    onLoad(model: string, seconds: number): void {
      metrics.modelLoad.set({ model }, seconds);
    },
    onOpen(load: () => { workers: number; busy: number; waiting: number }): void {
      metrics.inferenceLoad.current = load;
    },
  };
}
