import { StagePace, type StageLook } from "./stagePace.js";

/** Work waits and none has ended for so long: the stage is down, and only its own field waits for it. */
const DOWN_MS = 3_000;
/** What piled up meanwhile is its own affair too, while it catches up. */
const CATCHING_UP_MS = 30_000;

/** A stage that works on what extract has found. */
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

  /** Messages that it got of late; `look` says what late means. */
  get arrived(): number {
    return this.#arrived;
  }

  /** @param kept the weight of what was before this look, against it */
  look(seen: StageLook, kept: number): void {
    const pace = this.#pace;
    pace.look(seen);
    this.#arrived = this.#arrived * kept + pace.arrivedNow;
    if (pace.silentMs >= DOWN_MS) {
      this.#wasDown = true;
      this.#backAtMs = undefined;
      pace.forget();
    } else if (this.#wasDown && pace.endedNow > 0) {
      this.#backAtMs ??= seen.atMs;
    }
    if (this.#backAtMs === undefined) return;
    const hasCaughtUp = seen.pending === 0 || this.#waitMs(0, 0) < this.#limitMs / 2;
    if (hasCaughtUp || seen.atMs - this.#backAtMs > CATCHING_UP_MS) {
      this.#wasDown = false;
      this.#backAtMs = undefined;
    }
  }

  /**
   * Of who comes now, with so many messages still on their way to it: milliseconds, 0 while it is down or catches up, and while no more
   * than `free` messages are before him.
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
