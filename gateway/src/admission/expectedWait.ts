import type { StageName } from "@similarfaces/contracts";
import { LaterStage } from "./laterStage.js";
import { StagePace, type StageLook } from "./stagePace.js";

/** Photos per second of a mesh of which nothing is known yet; two cores do 12 to 17. */
const ASSUMED_PER_SECOND = 10;
/**
 * So many photos may wait whatever a stage was last seen to do: else nobody would ever see that it can do more, and the first photos of a
 * process are its slowest. Within the deadline they are on any machine.
 */
const PHOTOS_FREE = 12;
/** Over which the faces of a photo are averaged. */
const FACES_MEMORY_MS = 30_000;

/**
 * For how long a photo that is accepted now will wait: for extract, and for the slowest of the stages after it, which has before it
 * its own queue and the faces of every photo that waits for extract. What has been delivered is being worked on and does not
 * wait. A stage that is idle makes nobody wait, nor does one that is down: only its own field does. But while extract is down
 * nothing is answered: then as much may wait as it was last seen to end within the limit.
 */
export class ExpectedWait {
  readonly #limitMs: number;
  readonly #extract = new StagePace(ASSUMED_PER_SECOND);
  readonly #later = new Map<StageName, LaterStage>();
  #lookedAtMs = 0;
  /** Photos that extract has ended of late. */
  #photos = 0;

  /** @param limitMs the wait from which on photos are refused */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** All stages at one moment. */
  look(looks: readonly (StageLook & { stage: StageName })[], nowMs: number): void {
    const kept = Math.exp(-(nowMs - this.#lookedAtMs) / FACES_MEMORY_MS);
    this.#lookedAtMs = nowMs;
    for (const { stage, ...seen } of looks) {
      if (stage === "extract") this.#extract.look(seen);
      else this.#laterStage(stage).look(seen, kept);
    }
    this.#photos = this.#photos * kept + this.#extract.endedNow;
  }

  /**
   * Milliseconds, of a photo that wants these stages.
   * @param unseen photos accepted that the last look cannot have seen
   */
  waitMs(unseen: number, stages: readonly StageName[]): number {
    const photos = this.#extract.pending + unseen;
    const { perSecond = ASSUMED_PER_SECOND } = this.#extract;
    let longestMs = photos < PHOTOS_FREE ? 0 : (photos / perSecond) * 1_000;
    for (const stage of stages) {
      const later = this.#later.get(stage);
      if (!later) continue;
      // Without a photo of late nobody knows how many faces one has, but then none waits for long.
      const perPhoto = this.#photos >= 1 ? later.arrived / this.#photos : 0;
      longestMs = Math.max(longestMs, later.waitMs(photos * perPhoto, PHOTOS_FREE * perPhoto));
    }
    return longestMs;
  }

  /** When to come again: what waits should be done by then, or extract is still down. Whole seconds. */
  retryAfterSeconds(waitMs: number): number {
    return Math.max(1, Math.min(60, Math.ceil((waitMs + this.#extract.silentMs) / 1_000)));
  }

  #laterStage(stage: StageName): LaterStage {
    const known = this.#later.get(stage) ?? new LaterStage(this.#limitMs);
    this.#later.set(stage, known);
    return known;
  }
}
