import type { StageFailure } from "@similarfaces/contracts";
import type { Completion } from "@similarfaces/contracts/api";
import type { Reader } from "../access/caller.js";
import type { JobEvents } from "./jobEvents.js";
import { Cursor, type Viewer } from "./viewer.js";

/** The viewers of one job, each at its own position. */
export class Viewers {
  readonly #events: JobEvents;
  /** With what is called when the viewer leaves. */
  readonly #cursors = new Map<Cursor, () => void>();

  constructor(events: JobEvents) {
    this.#events = events;
  }

  join(viewer: Viewer, after: number, reader: Reader, onLeave: () => void): Cursor {
    const cursor = new Cursor(viewer, after, reader);
    this.#cursors.set(cursor, onLeave);
    return cursor;
  }

  /** Does nothing where it has left before. */
  leave(cursor: Cursor): void {
    const onLeave = this.#cursors.get(cursor);
    this.#cursors.delete(cursor);
    cursor.stop();
    onLeave?.();
  }

  deliver(completion: Completion | undefined): void {
    for (const cursor of this.#cursors.keys()) this.deliverTo(cursor, completion);
  }

  deliverTo(cursor: Cursor, completion: Completion | undefined): void {
    if (!this.#cursors.has(cursor)) return;
    const refusal = cursor.refusal(this.#events);
    if (refusal) return this.failOne(cursor, refusal);
    if (cursor.deliver(this.#events, completion)) this.leave(cursor);
  }

  /** Ends the viewing of those who may not read the job any more. */
  recheck(): void {
    for (const cursor of this.#cursors.keys()) {
      const refusal = cursor.refusal(this.#events);
      if (refusal) this.failOne(cursor, refusal);
    }
  }

  fail(failure: StageFailure): void {
    for (const cursor of this.#cursors.keys()) this.failOne(cursor, failure);
  }

  failOne(cursor: Cursor, failure: StageFailure): void {
    if (!this.#cursors.has(cursor)) return;
    this.leave(cursor);
    cursor.fail(cursor.refusal(this.#events) ?? failure);
  }
}
