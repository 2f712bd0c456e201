import { StageFailure } from "@similarfaces/contracts";
import type { HttpLimits } from "./http.js";
import { RequestBody, type BodyEnds } from "./requestBody.js";

const CHECKS_PER_WINDOW = 14;

/** All bodies that are on their way or held: one budget of bytes, and one timer that ends slow ones. */
export class Bodies {
  readonly #limits: HttpLimits;
  readonly #onHeld: (bytes: number) => void;
  readonly #open = new Set<RequestBody>();
  readonly #timer: NodeJS.Timeout;
  #heldBytes = 0;
  #refusal: StageFailure | undefined;

  constructor(limits: HttpLimits, onHeld: (bytes: number) => void) {
    this.#limits = limits;
    this.#onHeld = onHeld;
    this.#timer = setInterval(() => this.#checkPace(), limits.bodyWindowMs / CHECKS_PER_WINDOW).unref();
  }

  /** @param announced the content length; undefined where the body comes in chunks */
  begin(announced: number | undefined, ends: BodyEnds): RequestBody {
    const body = new RequestBody(announced, this.#limits, this, {
      ...ends,
      gone: () => this.#open.delete(body),
    });
    if (body.isOver) return body;
    this.#open.add(body);
    if (this.#refusal) body.fail(this.#refusal);
    return body;
  }

  get freeBytes(): number {
    return this.#limits.bodiesBytesMax - this.#heldBytes;
  }

  /** @returns false where the budget does not allow it */
  reserve(bytes: number): boolean {
    if (bytes > this.freeBytes) return false;
    this.#held(bytes);
    return true;
  }

  release(bytes: number): void {
    if (bytes > 0) this.#held(-bytes);
  }

  /** Refuses every body that is not complete, now and later. */
  refuse(failure: StageFailure): void {
    this.#refusal = failure;
    for (const body of this.#open) body.fail(failure);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #held(bytes: number): void {
    this.#heldBytes += bytes;
    this.#onHeld(this.#heldBytes);
  }

  #checkPace(): void {
    const nowMs = performance.now();
    for (const body of this.#open) body.checkPace(nowMs);
  }
}
