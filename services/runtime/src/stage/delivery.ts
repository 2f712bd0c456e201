import type { StageName, SubjectOfWork } from "@similarfaces/contracts";
import type { Delivered } from "./deliveries.js";
import type { Span } from "../telemetry/tracing.js";

/** A message that the loop holds. */
export interface InFlight {
  readonly message: Delivered;
  /** Until when the broker is told that it is worked on, milliseconds since the epoch. */
  untilMs: number;
}

/** One attempt at a message of a known form. */
export interface Delivery {
  readonly stage: StageName;
  readonly held: InFlight;
  readonly subject: SubjectOfWork;
  readonly span: Span;
}

/** Whose result it will be. */
export function identityOf({ stage, subject: { jobId, face }, held }: Delivery) {
  const { attempt } = held.message;
  return { jobId, stage, attempt, ...(face === undefined ? {} : { face }) };
}

/** What every log line about a delivery says. */
export function factsOf(delivery: Delivery) {
  return { ...identityOf(delivery), traceId: delivery.span.context.traceId };
}

/** Clocks of two machines may disagree by more than the wait; a time never runs backwards within one result. */
export function timingsOf({ held: { message } }: Delivery, startedAtMs: number, finishedAtMs: number) {
  const { queuedAtMs } = message;
  const started = Math.max(queuedAtMs, startedAtMs);
  return { queuedAtMs, startedAtMs: started, finishedAtMs: Math.max(started, finishedAtMs) };
}
