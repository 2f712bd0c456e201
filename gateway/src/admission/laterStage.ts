import { StagePace, type BacklogSample } from "./stagePace.js";

/** A stage for which work has waited so long without any being ended is down: photos are accepted all the same, without its field. */
const DOWN_MS = 3_000;
/** So long after its return its backlog counts for nobody either: it is of the time when the stage was down. */
const CATCHING_UP_MS = 30_000;

/** A stage whose work is made by another stage, one message per group of faces. */
export class LaterStage {
  readonly #limitMs: number;
  readonly #pace = new StagePace();
  #wasDown = false;
  #backAtMs: number | undefined;
  #arrived = 0;

  /** @param limitMs the wait from which on photos are refused */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Messages that arrived recently, older ones with less weight (`record`). */
  get arrived(): number {
    return this.#arrived;
  }

  /** @param kept the weight of earlier samples against this one, 0..1 */
  record(sample: BacklogSample, kept: number): void {
    const pace = this.#pace;
    pace.record(sample);
    this.#arrived = this.#arrived * kept + pace.arrivedNow;
    if (pace.silentMs >= DOWN_MS) {
      this.#wasDown = true;
      this.#backAtMs = undefined;
      pace.forget();
    } else if (this.#wasDown && pace.endedNow > 0) {
      this.#backAtMs ??= sample.atMs;
    }
    if (this.#backAtMs === undefined) return;
    const hasCaughtUp = sample.pending === 0 || this.#waitMs(0, 0) < this.#limitMs / 2;
    if (hasCaughtUp || sample.atMs - this.#backAtMs > CATCHING_UP_MS) {
      this.#wasDown = false;
      this.#backAtMs = undefined;
    }
  }

  /**
   * How long a message waits that comes after `coming` others which are still to be published: milliseconds; 0 while the stage is down or
   * catches up, and while no more than `free` messages are before it.
   */
  waitMs(coming: number, free: number): number {
    return this.#wasDown ? 0 : this.#waitMs(coming, free);
  }

  #waitMs(coming: number, free: number): number {
    const { pending, perSecond } = this.#pace;
    const before = pending + coming;
    return perSecond && before > free ? (before / perSecond) * 1_000 : 0;
  }
}
