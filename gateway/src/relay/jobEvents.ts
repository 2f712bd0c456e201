import { emptyJob, reduceJob, type JobState, type ResultEvent } from "@similarfaces/contracts";
import type { StoredMessage } from "./storedMessage.js";

/** One result of a job, about one face at most, as all viewers get it. */
export class KnownEvent {
  readonly event: ResultEvent;
  /** Of the message that holds it, which may hold those about other faces too. */
  readonly sequence: number;
  /** The last of its message: who has it has all of the message. */
  readonly isLast: boolean;
  /** It was lost and came after events of higher sequences, so a viewer's `after` does not say whether the viewer has it. */
  readonly isLate: boolean;
  #json: string | undefined;

  constructor(event: ResultEvent, place: Pick<KnownEvent, "sequence" | "isLast" | "isLate">) {
    this.event = event;
    this.sequence = place.sequence;
    this.isLast = place.isLast;
    this.isLate = place.isLate;
  }

  /** Made once, for however many viewers. */
  get json(): string {
    return (this.#json ??= JSON.stringify(this.event));
  }
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

  add({ sequence, events, owner }: StoredMessage): void {
    this.owner ??= owner;
    this.#sequences.add(sequence);
    const unknown = events.filter((event) => !this.#fields.has(fieldName(event)));
    if (unknown.length === 0) return;
    const isLate = sequence < this.sequence;
    this.sequence = Math.max(this.sequence, sequence);
    for (const event of unknown) {
      this.#fields.add(fieldName(event));
      this.#events.push(new KnownEvent(event, { sequence, isLast: event === unknown.at(-1), isLate }));
      this.job = reduceJob(this.job, event);
    }
  }
}

/** The stream holds at most one result for each name. */
function fieldName({ stage, face }: ResultEvent): string {
  return face === undefined ? stage : `${stage}.${face}`;
}
