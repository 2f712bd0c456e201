import { ResultSchema, StageFailure, create } from "@similarfaces/contracts";
import type { Broker } from "../broker/broker.js";
import { factsOf, identityOf, timingsOf, type Delivery } from "./delivery.js";
import type { Log } from "../telemetry/log.js";
import type { StageOutcome as Outcome } from "../telemetry/metrics.js";
import { publishResult } from "../broker/publish.js";
import { ATTEMPTS_MAX, backoffMs } from "./retry.js";

export interface EndingsOptions {
  broker: Broker;
  log: Log;
  /** The stage's own `abandon`. */
  abandon?: ((jobId: string, face?: number) => Promise<void>) | undefined;
}

/** A delivery that would come again closer to its deadline may come past it, and nobody would hear why it failed. */
const RETRY_ROOM_MS = 500;

/** How a delivery ends that is not answered. Each returns what is counted. */
export interface Endings {
  /** Somebody else shall have it, at once. */
  handBack(delivery: Delivery): Outcome;
  /** Nothing is published: the view shows the field as expired from the deadline on, whoever says so or nobody. */
  shed(delivery: Delivery): Promise<Outcome>;
  /** Again after a while, where that may help and there is time; otherwise it fails. */
  retryOrFail(
    delivery: Delivery,
    error: unknown,
    times: { startedAtMs: number; deadlineAtMs: number },
  ): Promise<Outcome>;
  /** The failure is published, and the message does not come again. */
  fail(delivery: Delivery, failure: StageFailure, startedAtMs?: number): Promise<Outcome>;
}

export function endingsOf({ broker, log, abandon }: EndingsOptions): Endings {
  function handBack({ held }: Delivery): Outcome {
    held.message.nak();
    return "retried";
  }

  async function shed(delivery: Delivery): Promise<Outcome> {
    await over(delivery);
    return "shed";
  }

  async function retryOrFail(
    delivery: Delivery,
    error: unknown,
    { startedAtMs, deadlineAtMs }: { startedAtMs: number; deadlineAtMs: number },
  ): Promise<Outcome> {
    const { message } = delivery.held;
    const failure =
      error instanceof StageFailure ? error : new StageFailure("internal", undefined, { cause: error });
    const leftMs = deadlineAtMs - Date.now();
    const delayMs = backoffMs(message.attempt, leftMs);
    const inTime = delayMs + RETRY_ROOM_MS < leftMs;
    if (!failure.retryable || message.attempt >= ATTEMPTS_MAX || !inTime) {
      return fail(delivery, failure, startedAtMs);
    }
    const { code } = failure;
    log.warn({ ...factsOf(delivery), code, err: failure }, "will try again");
    delivery.span.fail(code);
    message.nak(delayMs);
    return "retried";
  }

  async function fail(delivery: Delivery, failure: StageFailure, startedAtMs = Date.now()): Promise<Outcome> {
    const { code, message, retryable } = failure;
    const result = create(ResultSchema, {
      ...identityOf(delivery),
      timings: timingsOf(delivery, startedAtMs, Date.now()),
      outcome: { case: "failure", value: { code, message, retryable } },
    });
    await publishResult(broker, result);
    log.warn({ ...factsOf(delivery), code, err: failure }, "failed");
    delivery.span.fail(code);
    await over(delivery);
    return "failed";
  }

  async function over(delivery: Delivery): Promise<void> {
    const { jobId, face } = delivery.subject;
    // Plain: nats-server 2.9 ignores a term with a reason, and the message would come again.
    delivery.held.message.term();
    await abandon?.(jobId, face).catch((err: unknown) =>
      log.warn({ ...factsOf(delivery), err }, "what the job left could not be deleted; it expires by itself"),
    );
  }

  return { handBack, shed, retryOrFail, fail };
}
