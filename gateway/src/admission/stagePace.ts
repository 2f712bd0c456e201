/** A consumer by the broker's account at one moment, as in StageBacklog. */
export interface StageLook {
  /** Milliseconds on one clock; only differences count. */
  atMs: number;
  pending: number;
  ackPending: number;
  sequence: number;
  deliveries: number;
}

/** What was seen counts for about so long: a stage that gets slower or faster is known to within some seconds. */
const MEMORY_MS = 3_000;
/** Busy for less than this says nothing yet. */
const KNOWN_MS = 400;
/** A stage that was not busy shows over this time what it can do at least. */
const SHOWN_MS = 1_000;
/** More than is assumed is believed for so long after it was last seen: replicas may have been taken away since. */
const BELIEVED_MS = 120_000;

/**
 * How many messages a stage ends in a second, learned from looks at its consumer. What is not busy ends what arrives, which says
 * nothing of what it could. So two looks count if work waited at both of them, or if more was ended than was thought possible.
 */
export class StagePace {
  readonly #assumed: number | undefined;
  #last: StageLook | undefined;
  /** Messages ended and the time that it took; what is older weighs less. */
  #ended = 0;
  #busyMs = 0;
  #shownEnded = 0;
  #shownMs = 0;
  #silentMs = 0;
  #learnedAtMs = 0;
  #endedNow = 0;
  #arrivedNow = 0;

  /** @param assumed messages per second until more is known; without it the pace is unknown until then */
  constructor(assumed?: number) {
    this.#assumed = assumed;
    this.forget();
  }

  /** Messages that waited at the last look. */
  get pending(): number {
    return this.#last?.pending ?? 0;
  }

  /** For how long work has waited while none ended. */
  get silentMs(): number {
    return this.#silentMs;
  }

  /** Messages ended between the last two looks. */
  get endedNow(): number {
    return this.#endedNow;
  }

  /** Messages that came between the last two looks. */
  get arrivedNow(): number {
    return this.#arrivedNow;
  }

  /** Messages per second; undefined where it has not been busy for long enough. */
  get perSecond(): number | undefined {
    return this.#busyMs < KNOWN_MS ? undefined : (this.#ended / this.#busyMs) * 1_000;
  }

  look(seen: StageLook): void {
    const last = this.#last;
    this.#last = seen;
    this.#endedNow = this.#arrivedNow = 0;
    if (!last) return;
    const spanMs = seen.atMs - last.atMs;
    const delivered = Math.min(seen.sequence - last.sequence, seen.deliveries - last.deliveries);
    // The broker was away, the consumer was made anew, or another replica answers, which is not as far.
    if (spanMs <= 0 || spanMs > MEMORY_MS || delivered < 0) return this.#pause();
    const ended = Math.max(0, delivered - (seen.ackPending - last.ackPending));
    this.#endedNow = ended;
    this.#arrivedNow = Math.max(0, delivered + seen.pending - last.pending);
    const isBusy = last.pending > 0 && seen.pending > 0;
    if (isBusy) this.#seeBusy(ended, spanMs, seen.atMs);
    else this.#seeIdle(ended, spanMs, seen.atMs);
    this.#doubt(seen.atMs);
  }

  /** Back to what is assumed. */
  forget(): void {
    this.#busyMs = this.#assumed === undefined ? 0 : SHOWN_MS;
    this.#ended = ((this.#assumed ?? 0) * this.#busyMs) / 1_000;
    this.#pause();
  }

  #seeBusy(ended: number, spanMs: number, nowMs: number): void {
    this.#shownEnded = this.#shownMs = 0;
    // A computation may last longer than a look: only its end tells how long it took. What was down for an hour
    // is not slow for as long again.
    if (ended === 0) return void (this.#silentMs += spanMs);
    this.#learn(ended, Math.min(spanMs + this.#silentMs, MEMORY_MS), nowMs);
    this.#silentMs = 0;
  }

  #seeIdle(ended: number, spanMs: number, nowMs: number): void {
    this.#silentMs = 0;
    this.#shownEnded += ended;
    this.#shownMs += spanMs;
    if (this.#shownMs < SHOWN_MS) return;
    const known = this.perSecond;
    const shown = (this.#shownEnded / this.#shownMs) * 1_000;
    if (known !== undefined && shown > known) this.#learn(this.#shownEnded, this.#shownMs, nowMs);
    this.#shownEnded = this.#shownMs = 0;
  }

  #learn(ended: number, spanMs: number, nowMs: number): void {
    const kept = Math.exp(-spanMs / MEMORY_MS);
    this.#ended = this.#ended * kept + ended;
    this.#busyMs = this.#busyMs * kept + spanMs;
    this.#learnedAtMs = nowMs;
  }

  #doubt(nowMs: number): void {
    const { perSecond } = this;
    if (perSecond === undefined || nowMs - this.#learnedAtMs < BELIEVED_MS) return;
    if (this.#assumed === undefined || perSecond > this.#assumed) this.forget();
  }

  #pause(): void {
    this.#shownEnded = this.#shownMs = this.#silentMs = 0;
  }
}
