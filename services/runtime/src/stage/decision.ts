import { StageFailure, type StageName } from "@similarfaces/contracts";
import { ATTEMPTS_MAX, backoffMs } from "./retry.js";
import type { StageOutcome as Outcome } from "../telemetry/metrics.js";
import type { Stage, StageWork } from "./stage.js";

/** What is to be done with a piece of work. */
export type Decision =
  | { do: "handle" }
  /** It came past its deadline, or was called off there: nothing is published, the view shows its field as expired by itself. */
  | { do: "shed" }
  | { do: "fail"; failure: StageFailure };

/** What is to be done with work whose handler threw. */
export type DecisionOnError =
  | { do: "shed" }
  | { do: "fail"; failure: StageFailure }
  | { do: "retry"; delayMs: number; failure: StageFailure }
  /** It shall come again at once, to another replica. */
  | { do: "handBack" };

/** Work is not retried closer to its deadline than this: it might come past it, and be shed without its failure being published. */
const RETRY_ROOM_MS = 500;

/** How a piece of a message ended in one delivery of it. */
export interface PieceEnd {
  readonly outcome: Outcome;
  /** It shall come again, after so many milliseconds. */
  readonly retryInMs?: number;
  /** It has ended without an answer and does not come again: the stage's `abandon` is called. */
  readonly abandoned?: true;
  afterAck?(): Promise<void>;
}

export const SKIPPED: PieceEnd = { outcome: "skipped" };
export const SHED: PieceEnd = { outcome: "shed", abandoned: true };
/** It shall come again at once, to another replica. */
export const HANDED_BACK: PieceEnd = { outcome: "retried", retryInMs: 0 };

/** The pieces of work that a message carries, or why it is no such message; `jobId` is that of its subject. */
export function readPieces<Work extends StageWork>(
  stage: Stage<Work>,
  jobId: string,
  data: Uint8Array,
): readonly Work[] | StageFailure {
  try {
    const pieces = stage.decode(data);
    if (pieces.every((work) => work.jobId === jobId)) return pieces;
    return new StageFailure("malformed_message", "work for another job than its subject's");
  } catch (cause) {
    return new StageFailure("malformed_message", undefined, { cause });
  }
}

export function isAskedFor({ stages }: StageWork, stage: StageName): boolean {
  return !stages || stages.includes(stage);
}

/** Before the handler is called. */
export function decide(
  { deadlineAtMs }: StageWork,
  { attempt, nowMs }: { attempt: number; nowMs: number },
): Decision {
  if (nowMs > deadlineAtMs) return { do: "shed" };
  // The handler is not called: the message may be what ends the process each time.
  if (attempt > ATTEMPTS_MAX) return { do: "fail", failure: new StageFailure("attempts_exhausted") };
  return { do: "handle" };
}

/**
 * After the handler, or the publishing of its answer, has thrown.
 * @param stopping the process ends, and has called off what it was working on
 * @param leftMs until the deadline
 */
export function decideOnError(
  error: unknown,
  { stopping, attempt, leftMs }: { stopping: boolean; attempt: number; leftMs: number },
): DecisionOnError {
  if (stopping) return { do: "handBack" };
  if (leftMs <= 0) return { do: "shed" };
  const failure =
    error instanceof StageFailure ? error : new StageFailure("internal", undefined, { cause: error });
  const delayMs = backoffMs(attempt, leftMs);
  const inTime = delayMs + RETRY_ROOM_MS < leftMs;
  if (!failure.retryable || attempt >= ATTEMPTS_MAX || !inTime) return { do: "fail", failure };
  return { do: "retry", delayMs, failure };
}

/** How a message ends when all of its pieces have. It comes again as a whole: pieces that have their result are refused a second one. */
export function endingOf(
  pieces: readonly PieceEnd[],
): { do: "ack" } | { do: "term" } | { do: "nak"; delayMs: number } {
  const delaysMs = pieces.flatMap(({ retryInMs }) => retryInMs ?? []);
  if (delaysMs.length > 0) return { do: "nak", delayMs: Math.min(...delaysMs) };
  return { do: pieces.some(({ abandoned }) => abandoned) ? "term" : "ack" };
}
