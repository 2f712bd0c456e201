import { setTimeout as sleep } from "node:timers/promises";
import type { GatewayFailure } from "./gatewayFailure.js";

const PAUSE_MS = 200;

/** Bounds for how long one request is repeated: `ms` from its beginning, or from the last `renew`. */
export class Patience {
  readonly #ms: number;
  readonly #signal: AbortSignal | undefined;
  #endsAtMs: number;

  constructor(ms: number, signal: AbortSignal | undefined) {
    this.#ms = ms;
    this.#signal = signal;
    this.#endsAtMs = Date.now() + ms;
  }

  renew(): void {
    this.#endsAtMs = Date.now() + this.#ms;
  }

  /** Waits for as long as the gateway asks. @throws the failure itself where trying again is of no use, or the time is over; the signal's reason */
  async wait(failure: GatewayFailure): Promise<void> {
    const pauseMs = failure.retryAfterMs ?? PAUSE_MS;
    if (!failure.retryable || Date.now() + pauseMs > this.#endsAtMs) throw failure;
    await sleep(pauseMs, undefined, this.#signal ? { signal: this.#signal } : {}).catch(() =>
      this.#signal?.throwIfAborted(),
    );
  }
}
