import { emptyJob, reduceJob, type JobState, type ResultEvent } from "@similarfaces/contracts";
import type { OwnedEvent, StoredEvent } from "./storedResults.js";

export interface KnownEvent extends StoredEvent {
  /** It was lost on its way and came after others of a higher sequence: nobody's `after` says that it was seen. */
  late: boolean;
}

/** What is known of a job: each of its results once, in the order in which every viewer gets them. */
export class JobEvents {
  readonly #events: KnownEvent[] = [];
  readonly #fields = new Set<string>();
  readonly #sequences = new Set<number>();
  job: JobState;
  /** The id of the key that the job belongs to, if it belongs to one. */
  owner: string | undefined;
  /** The highest that is known. */
  sequence = 0;

  constructor(jobId: string) {
    this.job = emptyJob(jobId);
  }

  get all(): readonly KnownEvent[] {
    return this.#events;
  }

  has(sequence: number): boolean {
    return this.#sequences.has(sequence);
  }

  add({ sequence, event, owner }: OwnedEvent): void {
    this.owner ??= owner;
    this.#sequences.add(sequence);
    const field = fieldName(event);
    if (this.#fields.has(field)) return;
    this.#fields.add(field);
    this.#events.push({ sequence, event, late: sequence < this.sequence });
    this.sequence = Math.max(this.sequence, sequence);
    this.job = reduceJob(this.job, event);
  }
}

/** The stream holds one result for each. */
function fieldName({ stage, face }: ResultEvent): string {
  return face === undefined ? stage : `${stage}.${face}`;
}
