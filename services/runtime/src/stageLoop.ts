import { setMaxListeners } from "node:events";
import {
  ResultSchema,
  StageFailure,
  consumer,
  create,
  jobAcceptedAtMs,
  parseWorkSubject,
  type Result,
  type SubjectOfWork,
} from "@similarfaces/contracts";
import type { Broker } from "./broker.js";
import { pullDeliveries, type Delivered } from "./deliveries.js";
import type { Log } from "./log.js";
import type { Metrics, StageOutcome as Outcome } from "./metrics.js";
import { publishResult, publishWork, storedResult } from "./publish.js";
import { ATTEMPTS_MAX, backoffMs } from "./retry.js";
import type { Stage, StageCall, StageOutput, StageWork } from "./stage.js";
import { traceOfHeaders } from "./traceHeaders.js";
import { observeMoments, recordParts, secondsBetween, startStageSpan } from "./stageSpan.js";
import { formatTraceparent } from "./traceContext.js";
import { TRACING_OFF, type Span, type Tracing } from "./tracing.js";

export interface StageOptions {
  broker: Broker;
  /** Messages worked on at once: the node's real capacity, so that waiting work stays where others can take it. */
  concurrency: number;
  /** The consumer's; the loop says `working` at half of it. */
  ackWaitMs?: number;
  /** How long `drain` lets work in flight go on before it hands it back. */
  graceMs: number;
  metrics: Metrics;
  log: Log;
  tracing?: Tracing;
}

export interface RunningStage {
  /** Stops pulling, finishes what is in flight within the grace, hands the rest back. May be called twice. */
  drain(): Promise<void>;
}

/** Follow-up messages published side by side; more would only queue in the broker's connection. */
const PUBLISHES_AT_ONCE = 8;
/** A delivery that would come again closer to its deadline may come past it, and nobody would hear why it failed. */
const RETRY_ROOM_MS = 500;
/** What hears that it must stop has this long to do so. */
const ABORT_MS = 1_000;
/** A job's later faces wait for other jobs' earlier ones by this much per index. */
const PRIORITY_PER_FACE_MS = 50;

/**
 * Runs a stage on its durable consumer until drained: pull, check, decode, handle, publish, acknowledge.
 * A delivery ends in exactly one of: ack (answered, or nothing to do), nak with a delay (try again), term (over).
 */
export async function runStage<Work extends StageWork>(
  stage: Stage<Work>,
  options: StageOptions,
): Promise<RunningStage> {
  const { broker, concurrency, graceMs, metrics, log, tracing = TRACING_OFF } = options;
  const spec = consumer(stage.name);
  const ackWaitMs = options.ackWaitMs ?? spec.ack_wait_ms;
  const stop = new AbortController();
  // Every request of every photo in flight listens to it: dozens, and no leak.
  setMaxListeners(0, stop.signal);
  const inFlight = new Map<Promise<void>, InFlight>();
  metrics.showStage(stage.name);
  let draining: Promise<void> | undefined;
  const deliveries = await pullDeliveries({
    broker,
    stream: spec.stream,
    consumer: spec.durable_name,
    log,
    room: () => concurrency - inFlight.size,
    roomMin: Math.max(1, Math.floor(concurrency / 4)),
    take,
  });

  const working = setInterval(() => {
    const nowMs = Date.now();
    for (const { message, untilMs } of inFlight.values()) if (nowMs < untilMs) message.working();
  }, ackWaitMs / 2);

  function take(message: Delivered): void {
    // The broker had sent it before it heard that nothing is wanted any more.
    if (draining) return message.nak();
    const held: InFlight = { message, untilMs: Infinity };
    const delivery = deliver(held);
    inFlight.set(delivery, held);
    metrics.stageInFlight.set({ stage: stage.name }, inFlight.size);
    void delivery.then(() => {
      inFlight.delete(delivery);
      metrics.stageInFlight.set({ stage: stage.name }, inFlight.size);
      deliveries.fill();
    });
  }

  /** Never rejects: whatever happens, the message is acknowledged, handed back, terminated or left to its ack wait. */
  async function deliver(held: InFlight): Promise<void> {
    const { message } = held;
    const receivedAtMs = Date.now();
    // Read here, not when something has gone wrong: it is decoded from the receive buffer.
    const traceId = traceOfHeaders(message.headers)?.traceId;
    try {
      const outcome = await end(held, receivedAtMs);
      metrics.stageMessages.inc({ stage: stage.name, outcome });
    } catch (error) {
      // Nothing could be published: the message stays unacknowledged and comes again.
      log.error(
        { stage: stage.name, ...parseWorkSubject(message.subject), traceId, err: error },
        "a delivery could not be ended",
      );
    }
  }

  async function end(held: InFlight, receivedAtMs: number): Promise<Outcome> {
    const { message } = held;
    const subject = parseWorkSubject(message.subject);
    if (!subject) {
      log.error({ stage: stage.name, subject: message.subject }, "work on a subject of no known form");
      message.term();
      return "failed";
    }
    const { attempt, queuedAtMs } = message;
    const span = startStageSpan(tracing, stage.name, subject, message);
    const delivery: Delivery = { held, subject, receivedAtMs, span };
    if (attempt > 1) metrics.stageRedeliveries.inc({ stage: stage.name });
    metrics.stageFetch.observe({ stage: stage.name }, secondsBetween(queuedAtMs, receivedAtMs), span.context);
    try {
      const outcome = await decide(delivery);
      if (span.recording) span.set({ "similarfaces.outcome": outcome, "similarfaces.attempt": attempt });
      return outcome;
    } finally {
      span.end();
    }
  }

  async function decide(delivery: Delivery): Promise<Outcome> {
    const { held, receivedAtMs } = delivery;
    const { message } = held;
    let work: Work;
    try {
      work = stage.decode(message.data);
    } catch (cause) {
      return fail(delivery, new StageFailure("malformed_message", undefined, { cause }));
    }
    // Not beyond it: a handler that hangs must not keep the message in its stream.
    held.untilMs = work.deadlineAtMs;
    if (work.stages && !work.stages.includes(stage.name)) {
      message.ack();
      return "skipped";
    }
    // The view shows the field as expired from the deadline on, whoever says so or nobody.
    if (receivedAtMs > work.deadlineAtMs) {
      message.term();
      return "shed";
    }
    // Without calling the handler: the message may be what ends the process each time.
    if (message.attempt > ATTEMPTS_MAX) return fail(delivery, new StageFailure("attempts_exhausted"));
    return answer(delivery, work);
  }

  async function answer(delivery: Delivery, work: Work): Promise<Outcome> {
    const { span } = delivery;
    const { message } = delivery.held;
    const { attempt, queuedAtMs } = message;
    const handlerAtMs = Date.now();
    const computing = span.reserve();
    try {
      const output = await stage
        .handle(work, callOf(delivery, formatTraceparent(computing)))
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
        ...identity(delivery),
        timings: timings(delivery, startedAtMs, finishedAtMs),
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
      if (stop.signal.aborted) {
        message.nak();
        return "retried";
      }
      const failure =
        error instanceof StageFailure ? error : new StageFailure("internal", undefined, { cause: error });
      const delayMs = backoffMs(attempt);
      const inTime = Date.now() + delayMs + RETRY_ROOM_MS < work.deadlineAtMs;
      if (failure.retryable && attempt < ATTEMPTS_MAX && inTime) {
        const { code } = failure;
        log.warn({ ...factsOf(delivery), code, err: failure }, "will try again");
        span.fail(code);
        message.nak(delayMs);
        return "retried";
      }
      return fail(delivery, failure, handlerAtMs);
    }
  }

  async function fail(delivery: Delivery, failure: StageFailure, startedAtMs = Date.now()): Promise<Outcome> {
    const { code, message, retryable } = failure;
    const result = create(ResultSchema, {
      ...identity(delivery),
      timings: timings(delivery, startedAtMs, Date.now()),
      outcome: { case: "failure", value: { code, message, retryable } },
    });
    await publishResult(broker, result);
    log.warn({ ...factsOf(delivery), code, err: failure }, "failed");
    delivery.span.fail(code);
    // Plain: nats-server 2.9 ignores a term with a reason, and the message would come again.
    delivery.held.message.term();
    return "failed";
  }

  function identity({ subject: { jobId, face }, held }: Delivery) {
    const { attempt } = held.message;
    return { jobId, stage: stage.name, attempt, ...(face === undefined ? {} : { face }) };
  }

  /** What every log line about a delivery says. */
  function factsOf(delivery: Delivery) {
    return { ...identity(delivery), traceId: delivery.span.context.traceId };
  }

  function callOf({ subject, held }: Delivery, traceparent: string): StageCall {
    const { jobId, face = 0 } = subject;
    return {
      attempt: held.message.attempt,
      priority: jobAcceptedAtMs(jobId) + PRIORITY_PER_FACE_MS * face,
      signal: stop.signal,
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

  async function finish(): Promise<void> {
    const stopped = deliveries.stop();
    const done = Promise.all(inFlight.keys()).then(() => true);
    const inTime = await Promise.race([
      done,
      new Promise<false>((resolve) => setTimeout(resolve, graceMs, false)),
    ]);
    if (!inTime) {
      stop.abort();
      await Promise.race([done, new Promise((resolve) => setTimeout(resolve, ABORT_MS))]);
      // Still computing, and not to be called off: whoever answers first counts.
      for (const { message } of inFlight.values()) message.nak();
    }
    clearInterval(working);
    await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, ABORT_MS))]);
  }

  return { drain: () => (draining ??= finish()) };
}

interface InFlight {
  readonly message: Delivered;
  /** Until when the broker is told that it is worked on, milliseconds since the epoch. */
  untilMs: number;
}

interface Delivery {
  held: InFlight;
  subject: SubjectOfWork;
  receivedAtMs: number;
  span: Span;
}

/** One iterator for several readers: each item goes to one of them. */
async function* eachOf<T>(items: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T> {
  yield* items;
}

/** Clocks of two machines may disagree by more than the wait; a time never runs backwards within one result. */
function timings({ held: { message } }: Delivery, startedAtMs: number, finishedAtMs: number) {
  const { queuedAtMs } = message;
  const started = Math.max(queuedAtMs, startedAtMs);
  return { queuedAtMs, startedAtMs: started, finishedAtMs: Math.max(started, finishedAtMs) };
}
