import { consumer, type StageName } from "@similarfaces/contracts";
import type { Metrics } from "../telemetry/metrics.js";
import { newTraceContext, type TraceContext } from "../telemetry/traceContext.js";
import { spanNotRecorded, type Span, type Tracing } from "../telemetry/tracing.js";

export interface StageSpanOptions {
  stage: StageName;
  jobId: string;
  face: number | undefined;
  queuedAtMs: number;
  /** The trace that the message belongs to. */
  parent: TraceContext | undefined;
}

/** One piece of a delivery to a stage, from the broker storing the work. */
export function startStageSpan(
  tracing: Tracing,
  { stage, jobId, face, queuedAtMs, parent }: StageSpanOptions,
): Span {
  if (!parent) return spanNotRecorded(newTraceContext());
  if (!parent.sampled) return spanNotRecorded(parent);
  return tracing.start(stage, {
    parent,
    kind: "consumer",
    startedAtMs: queuedAtMs,
    attributes: {
      "messaging.system": "nats",
      "messaging.operation.type": "process",
      "messaging.destination.name": consumer(stage).stream,
      "similarfaces.stage": stage,
      "similarfaces.job": jobId,
      ...(face === undefined ? {} : { "similarfaces.face": face }),
    },
  });
}

/** When work was stored, begun on, answered, and its answer stored: milliseconds since the epoch. */
export interface StageMoments {
  queuedAtMs: number;
  startedAtMs: number;
  finishedAtMs: number;
  /** Unset where there was no answer to store. */
  storedAtMs?: number;
}

/** The clocks of two machines may disagree by more than the wait. */
export function secondsBetween(fromMs: number, toMs: number): number {
  return Math.max(0, (toMs - fromMs) / 1_000);
}

/** The times of an answer, with the trace as their exemplar where it is recorded. */
export function observeMoments(
  metrics: Metrics,
  { context }: Span,
  stage: StageName,
  { queuedAtMs, startedAtMs, finishedAtMs, storedAtMs }: Required<StageMoments>,
): void {
  const labels = { stage };
  metrics.stageWait.observe(labels, secondsBetween(queuedAtMs, startedAtMs), context);
  metrics.stageCompute.observe(labels, secondsBetween(startedAtMs, finishedAtMs), context);
  metrics.stagePublish.observe(labels, secondsBetween(finishedAtMs, storedAtMs), context);
  metrics.stageTotal.observe(labels, secondsBetween(queuedAtMs, storedAtMs), context);
}

/** The parts of a piece of work. `computing` is what the handler named as the parent of what it asked of others. */
export function recordParts(
  span: Span,
  stage: StageName,
  { queuedAtMs, startedAtMs, finishedAtMs, storedAtMs }: StageMoments,
  computing: TraceContext,
): void {
  if (!span.recording) return;
  const attributes = { "similarfaces.stage": stage };
  // The broker's times have microseconds, a worker's whole milliseconds, perhaps by another clock.
  const begunAtMs = Math.max(queuedAtMs, startedAtMs);
  const answeredAtMs = Math.max(begunAtMs, finishedAtMs);
  span.part("wait", queuedAtMs, begunAtMs, { attributes });
  span.part("compute", begunAtMs, answeredAtMs, { attributes, as: computing });
  if (storedAtMs !== undefined) span.part("publish", answeredAtMs, storedAtMs, { attributes });
}
