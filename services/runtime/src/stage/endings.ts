import { ResultSchema, create, type StageFailure } from "@similarfaces/contracts";
import type { Broker } from "../broker/broker.js";
import { factsOf, identityOf, timingsOf, type Delivery } from "./delivery.js";
import type { Log } from "../telemetry/log.js";
import type { StageOutcome as Outcome } from "../telemetry/metrics.js";
import { publishResult } from "../broker/publish.js";

export interface EndingsOptions {
  broker: Broker;
  log: Log;
  /** The stage's own `abandon`. */
  abandon?: ((jobId: string, face?: number) => Promise<void>) | undefined;
}

/** How a delivery ends that is not answered. Each returns what is counted. */
export interface Endings {
  /** Somebody else shall have it, at once. */
  handBack(delivery: Delivery): Outcome;
  /** Nothing is published: the view shows the field as expired from the deadline on, whoever says so or nobody. */
  shed(delivery: Delivery): Promise<Outcome>;
  /** It shall come again after a while. */
  retry(delivery: Delivery, failure: StageFailure, delayMs: number): Outcome;
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

  function retry(delivery: Delivery, failure: StageFailure, delayMs: number): Outcome {
    const { code } = failure;
    log.warn({ ...factsOf(delivery), code, err: failure }, "will try again");
    delivery.span.fail(code);
    delivery.held.message.nak(delayMs);
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

  return { handBack, shed, retry, fail };
}
