import { StageFailure } from "@similarfaces/contracts";
import type { Completion } from "@similarfaces/contracts/api";
import type { Reader } from "../access/caller.js";
import type { JobEvents } from "./jobEvents.js";
import type { StoredEvent } from "./storedResults.js";

/** Somebody who wants a job's events. They are called in order, and never before the viewing is there. */
export interface Viewer {
  /** False if no more should come before `resume` of the viewing is called. */
  event(stored: StoredEvent): boolean;
  /** The last call. */
  complete(completion: Completion): void;
  /** The last call, in its place: job_not_found, job_expired, job_deleted, or unavailable where the stream cannot be read. */
  fail(failure: StageFailure): void;
  /** Calls back at once; what is delivered meanwhile belongs in one write. */
  cork?(deliver: () => void): void;
}

export interface Viewing {
  /** Goes on after a viewer said that it is slow. */
  resume(): void;
  /** Stops; the viewer is not called again. */
  stop(): void;
}

/** How far a viewer is. */
export class Cursor {
  readonly #viewer: Viewer;
  /** What it had seen before it came, up to this sequence. */
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

  /** Gives the viewer what it has not got. @returns true where that was the last */
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

  /** `job_not_found`, as if it were not there, where the job is not this viewer's to read. */
  refusal({ job, owner }: JobEvents): StageFailure | undefined {
    return refusalFor(this.#reader, job.jobId, owner);
  }

  #deliver({ all }: JobEvents, completion: Completion | undefined): boolean {
    while (!this.#isSlow && !this.#isStopped && this.#next < all.length) {
      const stored = all[this.#next++]!;
      if (stored.sequence <= this.#after && !stored.late) continue;
      if (!this.#viewer.event(stored)) this.#isSlow = true;
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
