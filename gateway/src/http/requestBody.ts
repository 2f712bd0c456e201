import { StageFailure } from "@similarfaces/contracts";
import { freeBuffer } from "./freeBuffer.js";
import type { HttpLimits } from "./http.js";

/** What a connection does when its body ends; neither is called within `begin`. */
export interface BodyEnds {
  /** The last byte came. */
  over(): void;
  /** More came after the answer than is dropped: the connection is to be closed. */
  spent(): void;
}

/** The budget of bytes that all bodies share. */
interface Budget {
  readonly freeBytes: number;
  reserve(bytes: number): boolean;
  release(bytes: number): void;
}

const FIRST_ROOM_BYTES = 64 * 1024;
/** A few large steps: each copies what is there. */
const GROWTH = 4;
const BYTES_PER_MS_MIN = (16 * 1024) / 1_000;
const TAIL_BYTES_MAX = 64 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * A request's body as it comes. It is held until the request is answered; once the answer is known, the bytes that still come are dropped,
 * and its part of the budget is released.
 */
export class RequestBody {
  readonly #announced: number | undefined;
  readonly #limits: HttpLimits;
  readonly #budget: Budget;
  readonly #ends: BodyEnds & { gone(): void };
  readonly #startedAtMs = performance.now();
  #windowAtMs = this.#startedAtMs;
  #windowBytes = 0;
  #lastAtMs = this.#startedAtMs;
  #bytes = 0;
  #held: Buffer = NOTHING;
  #isOver: boolean;
  #isGone = false;
  /** The bytes have been handed out. */
  #isGiven = false;
  #failure: StageFailure | undefined;
  #drain: { sinceMs: number; bytes: number } | undefined;
  #asked: { resolve(bytes: Uint8Array): void; reject(failure: StageFailure): void } | undefined;

  constructor(
    announced: number | undefined,
    limits: HttpLimits,
    budget: Budget,
    ends: BodyEnds & { gone(): void },
  ) {
    this.#announced = announced;
    this.#limits = limits;
    this.#budget = budget;
    this.#ends = ends;
    this.#isOver = announced === 0;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** So little is to come that its connection is kept for the next request. */
  get endsSoon(): boolean {
    if (this.#isOver) return true;
    return this.#announced !== undefined && this.#announced - this.#bytes <= TAIL_BYTES_MAX;
  }

  /** @throws StageFailure as HttpRequest.body does */
  whole(): Promise<Uint8Array> {
    const announced = this.#announced ?? FIRST_ROOM_BYTES;
    if (announced > this.#limits.bodyBytesMax) this.fail(new StageFailure("body_too_large"));
    // Refused before it is sent, not in its middle.
    if (!this.#isOver && announced - this.#held.length > this.#budget.freeBytes)
      this.fail(new StageFailure("overloaded"));
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#isOver) return Promise.resolve(this.#give());
    return new Promise((resolve, reject) => (this.#asked = { resolve, reject }));
  }

  /** Copies what it keeps. */
  receive(chunk: Uint8Array, isLast: boolean): void {
    if (this.#isGone || this.#isOver) return;
    this.#windowBytes += chunk.length;
    this.#lastAtMs = performance.now();
    if (this.#drain) this.#drain.bytes += chunk.length;
    else this.#keep(chunk);
    this.#bytes += chunk.length;
    if (isLast) this.#end();
    else if (this.#drain && this.#drain.bytes > this.#limits.drainBytesMax) this.#spend();
  }

  /** The client is away. What is whole is held on until it is dropped. */
  gone(): void {
    if (this.#isGone || this.#isOver) return;
    this.fail(new StageFailure("bad_request", "the client went away"));
    this.#isGone = true;
    this.#ends.gone();
  }

  /** Whoever reads the body gets this failure, unless it is complete. */
  fail(failure: StageFailure): void {
    if (this.#isOver) return;
    this.#failure ??= failure;
    this.drop();
    this.#asked?.reject(this.#failure);
    this.#asked = undefined;
  }

  /** The answer is known. May be called twice. */
  drop(): void {
    this.#drain ??= { sinceMs: performance.now(), bytes: 0 };
    this.#budget.release(this.#held.length);
    if (!this.#isGiven) freeBuffer(this.#held);
    this.#held = NOTHING;
  }

  /** Fails a body that comes too slowly, and ends the draining of one that takes too long; called several times per window. */
  checkPace(nowMs: number): void {
    const { bodyMs, bodyWindowMs, drainMs } = this.#limits;
    if (this.#drain) {
      if (nowMs - this.#drain.sinceMs > drainMs) this.#spend();
      return;
    }
    if (nowMs - this.#startedAtMs > bodyMs) return this.fail(new StageFailure("body_too_slow"));
    // A body that stalls for a whole window fails now: uWS would close the connection without an answer before the next window ends.
    if (nowMs - this.#lastAtMs >= bodyWindowMs) return this.fail(new StageFailure("body_too_slow"));
    const windowMs = nowMs - this.#windowAtMs;
    if (windowMs < bodyWindowMs) return;
    if (this.#windowBytes < windowMs * BYTES_PER_MS_MIN) return this.fail(new StageFailure("body_too_slow"));
    this.#windowAtMs = nowMs;
    this.#windowBytes = 0;
  }

  #keep(chunk: Uint8Array): void {
    const bytes = this.#bytes + chunk.length;
    if (bytes > this.#limits.bodyBytesMax) return this.fail(new StageFailure("body_too_large"));
    if (bytes > this.#held.length && !this.#grow(bytes)) return this.fail(new StageFailure("overloaded"));
    this.#held.set(chunk, this.#bytes);
  }

  #grow(bytes: number): boolean {
    const most = Math.min(this.#announced ?? Number.POSITIVE_INFINITY, this.#limits.bodyBytesMax);
    const roomBytes = Math.max(bytes, Math.min(most, Math.max(FIRST_ROOM_BYTES, this.#held.length * GROWTH)));
    if (!this.#budget.reserve(roomBytes - this.#held.length)) return false;
    // Not from Node's pool of buffers, which would be kept for as long as the photo is.
    const grown = Buffer.allocUnsafeSlow(roomBytes);
    grown.set(this.#held.subarray(0, this.#bytes));
    freeBuffer(this.#held);
    this.#held = grown;
    return true;
  }

  #give(): Uint8Array {
    this.#isGiven = true;
    return this.#held.subarray(0, this.#bytes);
  }

  #spend(): void {
    this.#isGone = true;
    this.#ends.gone();
    this.#ends.spent();
  }

  #end(): void {
    this.#isOver = true;
    this.#asked?.resolve(this.#give());
    this.#asked = undefined;
    this.#ends.gone();
    this.#ends.over();
  }
}
