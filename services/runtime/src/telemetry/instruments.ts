import { Counter, Gauge, Histogram, type Metric } from "prom-client";
import type { Exposition } from "./exposition.js";
import type { TraceContext } from "./traceContext.js";

/** Who emits: observability/metrics.yaml names one per metric. `process` is emitted by everybody. */
export type Emitter = "stage" | "inference" | "match" | "gateway";

/** A histogram of seconds that remembers, per bucket, the last trace that was recorded (an exemplar). */
export interface Latency<L extends string> {
  observe(labels: Record<L, string>, seconds: number, trace?: TraceContext): void;
}

export interface Groups {
  exposition: Exposition;
  emitters: readonly (Emitter | "process")[];
}

/** 1 ms to 30 s. */
const LATENCY_SECONDS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7.5,
  10, 15, 20, 30,
];

/** Makes the instruments of one emitter. All can be fed; they are shown where the process is that emitter. */
export function instruments({ exposition, emitters }: Groups, emitter: Emitter | "process") {
  const shown = emitters.includes(emitter);
  const named = (name: string) => ({ name: `similarfaces_${name}`, registers: [] });
  const show = <M extends Metric>(metric: M): M => (shown ? exposition.add(metric) : metric);
  return {
    /** `from`: labels known beforehand, for a series that begins at 0 shows its first event as one. */
    counter: <L extends string>(
      name: string,
      help: string,
      labelNames: readonly L[] = [],
      { from = [] }: { from?: readonly Record<L, string>[] } = {},
    ) => {
      const counter = show(new Counter<L>({ ...named(name), help, labelNames: [...labelNames] }));
      for (const labels of from) counter.inc(labels, 0);
      return counter;
    },
    /** `collect` sets it at each scrape. */
    gauge: <L extends string>(
      name: string,
      help: string,
      labelNames: readonly L[] = [],
      {
        from = [],
        collect,
      }: { from?: readonly Record<L, string>[]; collect?: (this: Gauge<L>) => void } = {},
    ) => {
      const options = { ...named(name), help, labelNames: [...labelNames] };
      const gauge = show(new Gauge<L>({ ...options, ...(collect ? { collect } : {}) }));
      for (const labels of from) gauge.set(labels, 0);
      return gauge;
    },
    histogram: <L extends string>(
      name: string,
      help: string,
      labelNames: readonly L[] = [],
      buckets: readonly number[] = LATENCY_SECONDS,
    ) => show(new Histogram<L>({ ...named(name), help, labelNames: [...labelNames], buckets: [...buckets] })),
    latency: <L extends string = never>(
      name: string,
      help: string,
      labelNames: readonly L[] = [],
    ): Latency<L> => {
      const options = { ...named(name), help, labelNames: [...labelNames], buckets: LATENCY_SECONDS };
      const histogram = show(new Histogram<L>({ ...options, enableExemplars: true }));
      return {
        observe(labels, seconds, trace) {
          // Typed as the histogram's labels, which an exemplar's have nothing to do with.
          const exemplarLabels = (trace?.sampled ? { trace_id: trace.traceId } : {}) as Record<L, string>;
          histogram.observe({ labels, value: seconds, exemplarLabels });
        },
      };
    },
  };
}
