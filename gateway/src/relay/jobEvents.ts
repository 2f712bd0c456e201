import { emptyJob, reduceJob, type JobState, type ResultEvent } from "@similarfaces/contracts";
import type { OwnedEvent, StoredEvent } from "./storedResults.js";

export interface KnownEvent extends StoredEvent {
  /** It was lost and came after events of higher sequences, so a viewer's `after` does not say whether the viewer has it. */
  late: boolean;
}

/** The known events of a job: each result once, in the order in which every viewer gets them. */
export class JobEvents {
  readonly #events: KnownEvent[] = [];
  readonly #fields = new Set<string>();
  readonly #sequences = new Set<number>();
  job: JobState;
  /** The id of the key that the job belongs to, if it belongs to one. */
  owner: string | undefined;
  /** The highest of all events. */
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

/** The stream holds at most one result for each name. */
function fieldName({ stage, face }: ResultEvent): string {
  return face === undefined ? stage : `${stage}.${face}`;
}
