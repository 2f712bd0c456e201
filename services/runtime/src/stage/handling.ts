import { ResultSchema, StageFailure, create, jobAcceptedAtMs, type Result } from "@similarfaces/contracts";
import { callSignal } from "./callSignal.js";
import { decide, decideOnError } from "./decision.js";
import { factsOf, identityOf, timingsOf, type Delivery } from "./delivery.js";
import { endingsOf } from "./endings.js";
import type { StageOutcome as Outcome } from "../telemetry/metrics.js";
import { publishResult, publishWork, storedResult } from "../broker/publish.js";
import type { Room } from "./room.js";
import type { Stage, StageCall, StageOutput, StageWork } from "./stage.js";
import type { StageOptions } from "./stageLoop.js";
import { observeMoments, recordParts } from "./stageSpan.js";
import { formatTraceparent } from "../telemetry/traceContext.js";
import type { Span } from "../telemetry/tracing.js";

/** Follow-up messages published side by side; more would only queue in the broker's connection. */
const PUBLISHES_AT_ONCE = 8;
/** A job's later faces wait for other jobs' earlier ones by this much per index. */
const PRIORITY_PER_FACE_MS = 50;

export interface HandlingOptions extends StageOptions {
  room: Room;
  /** Aborted when the process must stop before the work is done. */
  stop: AbortSignal;
}

/**
 * What is done with each delivery: check, wait for room, handle, publish, acknowledge. It ends in exactly one of: ack (answered, or
 * nothing to do), nak with a delay (try again), term (over).
 */
export function handlingOf<Work extends StageWork>(
  stage: Stage<Work>,
  options: HandlingOptions,
): (delivery: Delivery) => Promise<Outcome> {
  const { broker, log, metrics, room, stop } = options;
  const { handBack, shed, retry, fail } = endingsOf({
    broker,
    log,
    abandon: stage.abandon?.bind(stage),
  });

  return async function handleDelivery(delivery: Delivery): Promise<Outcome> {
    const { held } = delivery;
    const { message } = held;
    let work: Work;
    try {
      work = stage.decode(message.data);
    } catch (cause) {
      const failure = new StageFailure("malformed_message", undefined, { cause });
      return inRoom(delivery, 1, () => fail(delivery, failure));
    }
    // Not beyond it: a handler that hangs must not keep the message in its stream.
    held.untilMs = work.deadlineAtMs;
    const decideNow = () => decide(work, { stage: stage.name, attempt: message.attempt, nowMs: Date.now() });
    if (decideNow().do === "skip") {
      message.ack();
      return "skipped";
    }
    return inRoom(delivery, stage.weightOf?.(work) ?? 1, () => {
      // It may have waited for its place past its deadline.
      const decision = decideNow();
      if (decision.do === "handle") return answer(delivery, work);
      if (decision.do === "fail") return fail(delivery, decision.failure);
      return shed(delivery);
    });
  };

  async function inRoom(
    delivery: Delivery,
    weight: number,
    settle: () => Promise<Outcome>,
  ): Promise<Outcome> {
    const leave = await room.enter(weight);
    if (!leave) return handBack(delivery);
    try {
      return await settle();
    } finally {
      leave();
    }
  }

  async function answer(delivery: Delivery, work: Work): Promise<Outcome> {
    const { span } = delivery;
    const { message } = delivery.held;
    const { queuedAtMs } = message;
    const handlerAtMs = Date.now();
    const computing = span.reserve();
    const call = callSignal(stop, work.deadlineAtMs);
    try {
      const output = await stage
        .handle(work, callOf(delivery, call.signal, formatTraceparent(computing)))
        .finally(() => call.release())
        .catch((error: unknown) => {
          recordParts(
            span,
            stage.name,
            { queuedAtMs, startedAtMs: handlerAtMs, finishedAtMs: Date.now() },
            computing,
          );
          throw error;
        });
      const finishedAtMs = Date.now();
      const startedAtMs = output.startedAtMs ?? handlerAtMs;
      const result = create(ResultSchema, {
        ...identityOf(delivery),
        timings: timingsOf(delivery, startedAtMs, finishedAtMs),
        model: output.model,
        outcome: output.outcome,
      });
      const [{ stored }] = await Promise.all([publishResult(broker, result), publishAll(output, span)]);
      const moments = { queuedAtMs, startedAtMs, finishedAtMs, storedAtMs: Date.now() };
      observeMoments(metrics, span, stage.name, moments);
      recordParts(span, stage.name, moments, computing);
      await output.beforeAck?.();
      message.ack();
      await output
        .afterAck?.()
        .catch((err: unknown) => log.warn({ ...factsOf(delivery), err }, "after the answer"));
      return stored ? "done" : "duplicate";
    } catch (error) {
      const decision = decideOnError(error, {
        stopping: stop.aborted,
        attempt: message.attempt,
        // A timer may fire a millisecond before the clock says so.
        leftMs: call.signal.aborted ? 0 : work.deadlineAtMs - Date.now(),
      });
      if (decision.do === "handBack") return handBack(delivery);
      if (decision.do === "shed") return shed(delivery);
      if (decision.do === "retry") return retry(delivery, decision.failure, decision.delayMs);
      return fail(delivery, decision.failure, handlerAtMs);
    }
  }

  function callOf({ subject, held }: Delivery, signal: AbortSignal, traceparent: string): StageCall {
    const { jobId, face = 0 } = subject;
    return {
      attempt: held.message.attempt,
      priority: jobAcceptedAtMs(jobId) + PRIORITY_PER_FACE_MS * face,
      signal,
      traceparent,
      storedResult: (of, ofFace): Promise<Result | undefined> => storedResult(broker, jobId, of, ofFace),
    };
  }

  /** In order, a few at a time: the largest face's chip is stored first, while the next is being cut. */
  async function publishAll({ work }: StageOutput, { context }: Span): Promise<void> {
    if (!work) return;
    const items = eachOf(work);
    const lane = async () => {
      for await (const item of items) await publishWork(broker, item, context);
    };
    await Promise.all(Array.from({ length: PUBLISHES_AT_ONCE }, lane));
  }
}

/** One iterator for several readers: each item goes to one of them. */
async function* eachOf<T>(items: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T> {
  yield* items;
}
