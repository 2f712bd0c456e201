import { StageFailure } from "@similarfaces/contracts";
import type { Completion } from "@similarfaces/contracts/api";
import type { Reader } from "../access/caller.js";
import type { JobEvents, KnownEvent } from "./jobEvents.js";

/** Receives a job's events, in order; never called before `view` has returned. */
export interface Viewer {
  /** @returns false if no more should be delivered before the viewing's `resume` is called */
  event(known: KnownEvent): boolean;
  /** The last call. */
  complete(completion: Completion): void;
  /** The last call, in its place: job_not_found, job_expired, job_deleted, or unavailable where the stream cannot be read. */
  fail(failure: StageFailure): void;
  /** Calls `deliver` at once; what it delivers should go out in one write. */
  cork?(deliver: () => void): void;
}

export interface Viewing {
  /** Goes on after `event` has returned false. */
  resume(): void;
  /** Stops; the viewer is not called again. */
  stop(): void;
}

/** The position of a viewer among a job's events. */
export class Cursor {
  readonly #viewer: Viewer;
  /** The viewer has the events up to this sequence from an earlier connection. */
  readonly #after: number;
  readonly #reader: Reader;
  /** Index of the next event. */
  #next = 0;
  #isSlow = false;
  #isStopped = false;

  constructor(viewer: Viewer, after: number, reader: Reader) {
    this.#viewer = viewer;
    this.#after = after;
    this.#reader = reader;
  }

  resume(): void {
    this.#isSlow = false;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Delivers the events that the viewer lacks, then the completion. @returns true once that was delivered */
  deliver(events: JobEvents, completion: Completion | undefined): boolean {
    let isLast = false;
    const deliver = () => (isLast = this.#deliver(events, completion));
    if (this.#viewer.cork) this.#viewer.cork(deliver);
    else deliver();
    return isLast;
  }

  fail(failure: StageFailure): void {
    this.#viewer.fail(failure);
  }

  /** `job_not_found`, as for a job that does not exist, where this viewer may not read it. */
  refusal({ job, owner }: JobEvents): StageFailure | undefined {
    return refusalFor(this.#reader, job.jobId, owner);
  }

  #deliver({ all }: JobEvents, completion: Completion | undefined): boolean {
    while (!this.#isSlow && !this.#isStopped && this.#next < all.length) {
      const known = all[this.#next++]!;
      if (known.sequence <= this.#after && !known.isLate) continue;
      if (!this.#viewer.event(known)) this.#isSlow = true;
    }
    if (this.#isSlow || this.#isStopped || !completion) return false;
    this.#viewer.complete(completion);
    return true;
  }
}

export function refusalFor(
  reader: Reader,
  jobId: string,
  owner: string | undefined,
): StageFailure | undefined {
  return reader.mayRead(jobId, owner) ? undefined : new StageFailure("job_not_found");
}
