import { rowOf, type StageName } from "@similarfaces/contracts";
import { LaterStage } from "./laterStage.js";
import { StagePace, type BacklogSample } from "./stagePace.js";

/** Photos per second that are assumed of a mesh before its pace is known; two cores do 12 to 17. */
const ASSUMED_PER_SECOND = 10;
/**
 * So many photos may wait whatever the known pace is: without a queue a faster pace would never be measured, and the first photos of a process
 * are its slowest. Any machine ends that many within the deadline.
 */
const PHOTOS_FREE = 12;
/** Over which the faces of a photo are averaged. */
const FACES_MEMORY_MS = 30_000;

/**
 * How long a photo that is accepted now will wait: for extract, and for the slowest of the stages after it, which works off its own queue
 * and the faces of every photo that waits for extract. Messages that have been delivered are being worked on and do not count. A later stage
 * that is idle or down adds no wait; a job without its field is still of use. While extract is down nothing is answered: then as much is
 * accepted as it would end within the limit at its last known pace.
 */
export class ExpectedWait {
  readonly #limitMs: number;
  readonly #extract = new StagePace(ASSUMED_PER_SECOND);
  readonly #later = new Map<StageName, LaterStage>();
  #recordedAtMs = 0;
  /** Photos that extract has ended recently, older ones with less weight. */
  #photos = 0;

  /** @param limitMs the wait from which on photos are refused */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** A sample of every stage that has a consumer, of one moment. */
  record(samples: readonly (BacklogSample & { stage: StageName })[], nowMs: number): void {
    const kept = Math.exp(-(nowMs - this.#recordedAtMs) / FACES_MEMORY_MS);
    this.#recordedAtMs = nowMs;
    for (const { stage, ...sample } of samples) {
      if (rowOf(stage).source === undefined) this.#extract.record(sample);
      else this.#laterStage(stage).record(sample, kept);
    }
    // The pace of an analyzer whose consumer is gone would be wrong for one that comes back.
    for (const stage of this.#later.keys()) {
      if (!samples.some((sample) => sample.stage === stage)) this.#later.delete(stage);
    }
    this.#photos = this.#photos * kept + this.#extract.endedNow;
  }

  /**
   * Milliseconds, of a photo that wants these stages.
   * @param unsampled photos accepted that the last sample cannot contain
   */
  waitMs(unsampled: number, stages: readonly StageName[]): number {
    const photos = this.#extract.pending + unsampled;
    const { perSecond = ASSUMED_PER_SECOND } = this.#extract;
    let longestMs = photos < PHOTOS_FREE ? 0 : (photos / perSecond) * 1_000;
    for (const stage of stages) {
      const later = this.#later.get(stage);
      if (!later) continue;
      // Without recent photos the number of faces per photo is unknown; but then the queue is short.
      const perPhoto = this.#photos >= 1 ? later.arrived / this.#photos : 0;
      longestMs = Math.max(longestMs, later.waitMs(photos * perPhoto, PHOTOS_FREE * perPhoto));
    }
    return longestMs;
  }

  /** Whole seconds after which to try again: what waits should be done by then, unless extract is still down. */
  retryAfterSeconds(waitMs: number): number {
    return Math.max(1, Math.min(60, Math.ceil((waitMs + this.#extract.silentMs) / 1_000)));
  }

  #laterStage(stage: StageName): LaterStage {
    const known = this.#later.get(stage) ?? new LaterStage(this.#limitMs);
    this.#later.set(stage, known);
    return known;
  }
}
