import {
  ResultSchema,
  create,
  jobAcceptedAtMs,
  type Result,
  type StageFailure,
} from "@similarfaces/contracts";
import { storedResult } from "../broker/publish.js";
import { formatTraceparent, type TraceContext } from "../telemetry/traceContext.js";
import { HANDED_BACK, SHED, decide, decideOnError, type PieceEnd } from "./decision.js";
import { factsOf, identityOf, timingsOf, type Piece, type ReadPiece } from "./piece.js";
import type { Stage, StageCall, StageOutput, StageWork } from "./stage.js";
import type { HandlingOptions } from "./stageOptions.js";
import { recordParts } from "./stageSpan.js";

/** What came of a piece in one delivery; nothing of it is published. */
export type Computed<Work extends StageWork> = Answer<Work> | Failed<ReadPiece<Work>> | Unanswered;

export interface Answer<Work extends StageWork> {
  readonly piece: ReadPiece<Work>;
  readonly result: Result;
  readonly output: StageOutput;
  /** When the handler, or a worker, began and ended. */
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  /** What the handler named as the parent of what it asked of others. */
  readonly computing: TraceContext;
}

export interface Failed<P extends Piece = Piece> {
  readonly piece: P;
  readonly result: Result;
  readonly failure: StageFailure;
}

/** It comes again, or is shed. */
export interface Unanswered {
  readonly end: PieceEnd;
}

/** A job's later faces wait for other jobs' earlier ones by this much per index. */
const PRIORITY_PER_FACE_MS = 50;

export interface Computing<Work extends StageWork> {
  /** Once there is room for it: what is to be done with the piece is decided, and the handler called. Never rejects. */
  compute(piece: ReadPiece<Work>, signal: AbortSignal): Promise<Computed<Work>>;
  /** Its handler, or publishing what it made, has thrown: whether it comes again. `startedAtMs`: when work on it began. */
  afterError(
    piece: ReadPiece<Work>,
    error: unknown,
    signal: AbortSignal,
    startedAtMs?: number,
  ): Computed<Work>;
}

export function computingOf<Work extends StageWork>(
  stage: Stage<Work>,
  { broker, log, stop }: HandlingOptions,
): Computing<Work> {
  async function compute(piece: ReadPiece<Work>, signal: AbortSignal): Promise<Computed<Work>> {
    const { work, message } = piece;
    const beganAtMs = Date.now();
    const decision = decide(work, { attempt: message.attempt, nowMs: beganAtMs });
    if (decision.do === "shed") return { end: SHED };
    if (decision.do === "fail") return failed(piece, decision.failure, beganAtMs);
    try {
      return await answer(piece, signal);
    } catch (error) {
      return afterError(piece, error, signal, beganAtMs);
    }
  }

  async function answer(piece: ReadPiece<Work>, signal: AbortSignal): Promise<Answer<Work>> {
    const { span, work, message } = piece;
    const handlerAtMs = Date.now();
    const computing = span.reserve();
    const output = await stage
      .handle(work, callOf(piece, signal, formatTraceparent(computing)))
      .catch((error: unknown) => {
        const { queuedAtMs } = message;
        const moments = { queuedAtMs, startedAtMs: handlerAtMs, finishedAtMs: Date.now() };
        recordParts(span, stage.name, moments, computing);
        throw error;
      });
    const finishedAtMs = Date.now();
    const startedAtMs = output.startedAtMs ?? handlerAtMs;
    const result = create(ResultSchema, {
      ...identityOf(piece),
      timings: timingsOf(piece, startedAtMs, finishedAtMs),
      model: output.model,
      outcome: output.outcome,
    });
    return { piece, result, output, startedAtMs, finishedAtMs, computing };
  }

  function callOf({ jobId, face = 0, message }: Piece, signal: AbortSignal, traceparent: string): StageCall {
    return {
      attempt: message.attempt,
      priority: jobAcceptedAtMs(jobId) + PRIORITY_PER_FACE_MS * face,
      signal,
      traceparent,
      storedResult: (of) => storedResult(broker, jobId, of),
    };
  }

  function afterError(
    piece: ReadPiece<Work>,
    error: unknown,
    signal: AbortSignal,
    startedAtMs = Date.now(),
  ): Computed<Work> {
    const after = decideOnError(error, {
      stopping: stop.aborted,
      attempt: piece.message.attempt,
      // A timer may fire a millisecond before the clock says so.
      leftMs: signal.aborted ? 0 : piece.work.deadlineAtMs - Date.now(),
    });
    if (after.do === "handBack") return { end: HANDED_BACK };
    if (after.do === "shed") return { end: SHED };
    if (after.do === "fail") return failed(piece, after.failure, startedAtMs);
    const { failure, delayMs } = after;
    log.warn({ ...factsOf(piece), code: failure.code, err: failure }, "will try again");
    piece.span.fail(failure.code);
    return { end: { outcome: "retried", retryInMs: delayMs } };
  }

  return { compute, afterError };
}

/** A failure is a result too. */
export function failed<P extends Piece>(
  piece: P,
  failure: StageFailure,
  startedAtMs: number = Date.now(),
): Failed<P> {
  const { code, message, retryable } = failure;
  const result = create(ResultSchema, {
    ...identityOf(piece),
    timings: timingsOf(piece, startedAtMs, Date.now()),
    outcome: { case: "failure", value: { code, message, retryable } },
  });
  return { piece, result, failure };
}
