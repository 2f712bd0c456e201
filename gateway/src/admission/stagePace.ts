/** The counts of a consumer at one moment, as in StageBacklog. */
export interface BacklogSample {
  /** Milliseconds on one clock; only differences count. */
  atMs: number;
  pending: number;
  ackPending: number;
  sequence: number;
  deliveries: number;
}

/** Samples count for about so long, so that the pace follows a stage that becomes slower or faster within seconds. */
const MEMORY_MS = 3_000;
/** The pace of a stage that was busy for less than this is unknown. */
const KNOWN_MS = 400;
/** Over this time the pace of a stage that was not busy is a lower bound of what it can do. */
const SHOWN_MS = 1_000;
/** A pace above the assumed one is forgotten so long after it was measured: replicas may have been taken away since. */
const BELIEVED_MS = 120_000;

/**
 * How many messages a stage ends in a second, learned from samples of its consumer. A stage that is not busy ends what arrives, which is less
 * than it could. So two samples count if work waited in both of them, or if more was ended between them than the pace known so far.
 */
export class StagePace {
  readonly #assumed: number | undefined;
  #last: BacklogSample | undefined;
  /** Messages ended, and the time that it took; both decay, so that older samples weigh less. */
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

  /** Messages that waited in the last sample. */
  get pending(): number {
    return this.#last?.pending ?? 0;
  }

  /** For how long work has been waiting while none was ended. */
  get silentMs(): number {
    return this.#silentMs;
  }

  /** Messages ended between the last two samples. */
  get endedNow(): number {
    return this.#endedNow;
  }

  /** Messages that arrived between the last two samples. */
  get arrivedNow(): number {
    return this.#arrivedNow;
  }

  /** Messages per second; undefined where it has not been busy for long enough. */
  get perSecond(): number | undefined {
    return this.#busyMs < KNOWN_MS ? undefined : (this.#ended / this.#busyMs) * 1_000;
  }

  record(sample: BacklogSample): void {
    const last = this.#last;
    this.#last = sample;
    this.#endedNow = this.#arrivedNow = 0;
    if (!last) return;
    const spanMs = sample.atMs - last.atMs;
    const delivered = Math.min(sample.sequence - last.sequence, sample.deliveries - last.deliveries);
    // The broker was away, the consumer was made anew, or another replica of the stream answered, which lags behind.
    if (spanMs <= 0 || spanMs > MEMORY_MS || delivered < 0) return this.#pause();
    const ended = Math.max(0, delivered - (sample.ackPending - last.ackPending));
    this.#endedNow = ended;
    this.#arrivedNow = Math.max(0, delivered + sample.pending - last.pending);
    const isBusy = last.pending > 0 && sample.pending > 0;
    if (isBusy) this.#learnWhileBusy(ended, spanMs, sample.atMs);
    else this.#learnWhileIdle(ended, spanMs, sample.atMs);
    this.#forgetOldPace(sample.atMs);
  }

  /** Back to what is assumed. */
  forget(): void {
    this.#busyMs = this.#assumed === undefined ? 0 : SHOWN_MS;
    this.#ended = ((this.#assumed ?? 0) * this.#busyMs) / 1_000;
    this.#pause();
  }

  #learnWhileBusy(ended: number, spanMs: number, nowMs: number): void {
    this.#shownEnded = this.#shownMs = 0;
    // A computation may last longer than the time between two samples, so the time is counted when it ends; at most MEMORY_MS of it, or a
    // stage that was down for an hour would be taken for a slow one.
    if (ended === 0) return void (this.#silentMs += spanMs);
    this.#learn(ended, Math.min(spanMs + this.#silentMs, MEMORY_MS), nowMs);
    this.#silentMs = 0;
  }

  #learnWhileIdle(ended: number, spanMs: number, nowMs: number): void {
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

  #forgetOldPace(nowMs: number): void {
    const { perSecond } = this;
    if (perSecond === undefined || nowMs - this.#learnedAtMs < BELIEVED_MS) return;
    if (this.#assumed === undefined || perSecond > this.#assumed) this.forget();
  }

  #pause(): void {
    this.#shownEnded = this.#shownMs = this.#silentMs = 0;
  }
}
