import { ResultSchema, create, type StageFailure } from "@similarfaces/contracts";
import type { Broker } from "../broker/broker.js";
import { publishResult } from "../broker/publish.js";
import type { Log } from "../telemetry/log.js";
import type { PieceEnd } from "./decision.js";
import { factsOf, identityOf, timingsOf, type Piece } from "./piece.js";

/** How a piece ends that is not answered. */
export interface Failing {
  /** The failure is published as its result. */
  fail(piece: Piece, failure: StageFailure, startedAtMs?: number): Promise<PieceEnd>;
  /** It shall come again after a while. */
  retry(piece: Piece, failure: StageFailure, delayMs: number): PieceEnd;
}

export function failingOf({ broker, log }: { broker: Broker; log: Log }): Failing {
  return {
    async fail(piece, failure, startedAtMs = Date.now()) {
      const { code, message, retryable } = failure;
      const result = create(ResultSchema, {
        ...identityOf(piece),
        timings: timingsOf(piece, startedAtMs, Date.now()),
        outcome: { case: "failure", value: { code, message, retryable } },
      });
      const { stored } = await publishResult(broker, result);
      log.warn(
        { ...factsOf(piece), code, err: failure },
        stored ? "failed" : "failed; an earlier result stays",
      );
      piece.span.fail(code);
      return { outcome: stored ? "failed" : "duplicate", abandoned: true };
    },

    retry(piece, failure, delayMs) {
      const { code } = failure;
      log.warn({ ...factsOf(piece), code, err: failure }, "will try again");
      piece.span.fail(code);
      return { outcome: "retried", retryInMs: delayMs };
    },
  };
}
