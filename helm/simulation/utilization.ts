/** What the metrics server averages over, and how old its answer is. */
export const CPU_WINDOW_MS = 30_000;
const CPU_AGE_MS = 15_000;

/** A span of computing. */
export interface BusySpan {
  fromMs: number;
  untilMs: number;
}

interface BusyReplica {
  readyAtMs: number;
  busySpans: readonly BusySpan[];
}

/** The mean share of a core that ready replicas were busy, as the autoscaler is told of it: 0 to 1. */
export function utilizationOf(running: readonly BusyReplica[], nowMs: number): number {
  const untilMs = nowMs - CPU_AGE_MS;
  const fromMs = untilMs - CPU_WINDOW_MS;
  const shares = running
    .filter(({ readyAtMs }) => readyAtMs < untilMs)
    .map(({ busySpans, readyAtMs }) => {
      const start = Math.max(fromMs, readyAtMs);
      const busyMs = busySpans.reduce(
        (sum, span) => sum + Math.max(0, Math.min(span.untilMs, untilMs) - Math.max(span.fromMs, start)),
        0,
      );
      return busyMs / (untilMs - start);
    });
  return shares.length === 0 ? 0 : shares.reduce((sum, share) => sum + share, 0) / shares.length;
}
