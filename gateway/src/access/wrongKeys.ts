import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { StageFailure } from "@similarfaces/contracts";
import type { Log, Metrics } from "@similarfaces/runtime";
import { networkOf } from "./clientAddress.js";

/** Wrong keys that one address, or one IPv6 network of 64 bits, may send within the time. */
const ATTEMPTS_MAX = 10;
const WITHIN_SECONDS = 60;
/** By all addresses together. Beyond that all addresses are slowed alike, which bounds the memory for them. */
const ATTEMPTS_OF_ALL_MAX = 10_000;
const ALL = "all";

/** Slows down clients that try keys; each wrong key is counted and logged for an audit. */
export interface WrongKeys {
  /** @throws StageFailure too_many_attempts */
  checkMayTry(address: string): void;
  /** `keyId` is the id that the key claims, where it has the form of one. */
  record(address: string, keyId: string | undefined): void;
}

/** `too_many_attempts`, with the time after which another attempt is allowed. */
export class TooManyAttempts extends StageFailure {
  readonly retryAfterSeconds: number;

  constructor(retryAfterMs: number) {
    super("too_many_attempts");
    this.retryAfterSeconds = Math.ceil(retryAfterMs / 1_000);
  }
}

export function watchWrongKeys({ metrics, log }: { metrics: Metrics; log: Log }): WrongKeys {
  const each = new RateLimiterMemory({ points: ATTEMPTS_MAX, duration: WITHIN_SECONDS });
  const all = new RateLimiterMemory({ points: ATTEMPTS_OF_ALL_MAX, duration: WITHIN_SECONDS });
  /** Until when an address that has used up its attempts is slowed; addresses whose time is over are removed. */
  const slowedUntilMs = new Map<string, number>();
  return {
    checkMayTry(address) {
      const leftMs = Math.max(left(networkOf(address)), left(ALL));
      if (leftMs === 0) return;
      metrics.keysRefused.inc({ reason: "slowed" });
      throw new TooManyAttempts(leftMs);
    },
    record(address, keyId) {
      metrics.keysRefused.inc({ reason: "wrong" });
      log.warn({ audit: "wrong_key", address, ...(keyId ? { keyId } : {}) }, "a wrong key was refused");
      if (left(ALL) > 0) return;
      const network = networkOf(address);
      // Counted synchronously; the promise resolves later with the count.
      void all.consume(ALL).then(slowWhenUsedUp(ALL), slow(ALL));
      void each.consume(network).then(slowWhenUsedUp(network), slow(network));
    },
  };

  function left(who: string): number {
    const untilMs = slowedUntilMs.get(who);
    if (untilMs === undefined) return 0;
    if (untilMs > Date.now()) return untilMs - Date.now();
    slowedUntilMs.delete(who);
    return 0;
  }

  function slowWhenUsedUp(who: string) {
    return (result: RateLimiterRes) => {
      if (result.remainingPoints === 0) slow(who)(result);
    };
  }

  function slow(who: string) {
    return (result: unknown) => {
      if (!(result instanceof RateLimiterRes)) throw result;
      if (!slowedUntilMs.has(who)) {
        log.warn({ audit: "keys_slowed", address: who }, "too many wrong keys: no more are checked for now");
      }
      const nowMs = Date.now();
      for (const [other, untilMs] of slowedUntilMs) if (untilMs <= nowMs) slowedUntilMs.delete(other);
      slowedUntilMs.set(who, nowMs + result.msBeforeNext);
    };
  }
}
