import { ResultSchema, create, jobAcceptedAtMs, type Result } from "@similarfaces/contracts";
import pMap from "p-map";
import { publishResult, publishWork, storedResult } from "../broker/publish.js";
import { formatTraceparent } from "../telemetry/traceContext.js";
import type { Span } from "../telemetry/tracing.js";
import { callSignal } from "./callSignal.js";
import { HANDED_BACK, SHED, decide, decideOnError, type PieceEnd } from "./decision.js";
import type { Failing } from "./failing.js";
import { identityOf, timingsOf, type Piece } from "./piece.js";
import type { Stage, StageCall, StageOutput, StageWork } from "./stage.js";
import type { HandlingOptions } from "./stageOptions.js";
import { observeMoments, recordParts } from "./stageSpan.js";

/** Follow-up messages published side by side; more would only queue in the broker's connection. */
const PUBLISHES_AT_ONCE = 8;
/** A job's later faces wait for other jobs' earlier ones by this much per index. */
const PRIORITY_PER_FACE_MS = 50;

/** One piece, once there is room for it: what is to be done is decided, and the handler's answer published. */
export function answeringOf<Work extends StageWork>(
  stage: Stage<Work>,
  { broker, metrics, stop }: HandlingOptions,
  { fail, retry }: Failing,
): (piece: Piece, work: Work) => Promise<PieceEnd> {
  return async function settle(piece, work) {
    const { attempt } = piece.message;
    const decision = decide(work, { attempt, nowMs: Date.now() });
    if (decision.do === "shed") return SHED;
    if (decision.do === "fail") return fail(piece, decision.failure);

    const beganAtMs = Date.now();
    const call = callSignal(stop, work.deadlineAtMs);
    try {
      return await answer(piece, work, call.signal);
    } catch (error) {
      const after = decideOnError(error, {
        stopping: stop.aborted,
        attempt,
        // A timer may fire a millisecond before the clock says so.
        leftMs: call.signal.aborted ? 0 : work.deadlineAtMs - Date.now(),
      });
      if (after.do === "handBack") return HANDED_BACK;
      if (after.do === "shed") return SHED;
      if (after.do === "retry") return retry(piece, after.failure, after.delayMs);
      return fail(piece, after.failure, beganAtMs);
    } finally {
      call.release();
    }
  };

  async function answer(piece: Piece, work: Work, signal: AbortSignal): Promise<PieceEnd> {
    const { span } = piece;
    const { queuedAtMs } = piece.message;
    const handlerAtMs = Date.now();
    const computing = span.reserve();
    const output = await stage
      .handle(work, callOf(piece, signal, formatTraceparent(computing)))
      .catch((error: unknown) => {
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
    const [{ stored }] = await Promise.all([publishResult(broker, result), publishAll(output, span)]);
    const moments = { queuedAtMs, startedAtMs, finishedAtMs, storedAtMs: Date.now() };
    observeMoments(metrics, span, stage.name, moments);
    recordParts(span, stage.name, moments, computing);
    await output.beforeAck?.();
    return { outcome: stored ? "done" : "duplicate", afterAck: async () => output.afterAck?.() };
  }

  function callOf({ jobId, face = 0, message }: Piece, signal: AbortSignal, traceparent: string): StageCall {
    return {
      attempt: message.attempt,
      priority: jobAcceptedAtMs(jobId) + PRIORITY_PER_FACE_MS * face,
      signal,
      traceparent,
      storedResult: (of, ofFace): Promise<Result | undefined> => storedResult(broker, jobId, of, ofFace),
    };
  }

  /** In order, a few at a time: the largest face's chip is stored first, while the next is being cut. */
  async function publishAll({ work }: StageOutput, { context }: Span): Promise<void> {
    if (work)
      await pMap(work, (item) => publishWork(broker, item, context), { concurrency: PUBLISHES_AT_ONCE });
  }
}
