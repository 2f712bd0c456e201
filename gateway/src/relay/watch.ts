import { setTimeout as pause } from "node:timers/promises";
import {
  DEADLINE_GRACE_MS,
  StageFailure,
  jobAcceptedAtMs,
  jobAt,
  type JobState,
} from "@similarfaces/contracts";
import type { Completion } from "@similarfaces/contracts/api";
import type { Log } from "@similarfaces/runtime";
import type { Reader } from "../access/caller.js";
import { completionOf } from "./completion.js";
import { JobEvents } from "./jobEvents.js";
import { JobReader, type JobReaderOptions, type ReadReason } from "./jobReader.js";
import { listenToJob, type LiveResults } from "./liveResults.js";
import type { StoredMessage } from "./storedMessage.js";
import { refusalFor, type Viewer, type Viewing } from "./viewer.js";
import { Viewers } from "./viewers.js";

export interface WatchOptions extends JobReaderOptions {
  log: Log;
  jobDeadlineMs: number;
  onDelivered(sequence: number): void;
  onEnd(): void;
}

export interface Snapshot {
  job: JobState;
  /** The highest that the job was made from. */
  sequence: number;
  /** The id of the key that the job belongs to, if it belongs to one. */
  owner: string | undefined;
}

/** A job that cannot be read within this is `unavailable` to those who want to watch it. */
const START_WITHIN_MS = 10_000;
const SNAPSHOT_WITHIN_MS = 5_000;
/** A job stays in memory so long after its last viewer has left: a page that reloads comes back at once. */
const LINGER_MS = 2_000;

/** One watched job: its events, its viewers, and when it is read from the stream. It is never joined after its end. */
export class Watch {
  readonly #options: WatchOptions;
  readonly #events: JobEvents;
  readonly #viewers: Viewers;
  readonly #reader: JobReader;
  readonly #ending = new AbortController();
  #holds = 0;
  #live: LiveResults | undefined;
  #starting: Promise<void> | undefined;
  /** The stored events have been read. Events that arrive before that wait for them, so that all viewers get the same order. */
  #isReady = false;
  /** Messages that arrived in this turn of the event loop, or before the stored ones were read; applied together. */
  #pending: StoredMessage[] = [];
  #deadline: NodeJS.Timeout | undefined;
  #linger: NodeJS.Timeout | undefined;
  #completion: Completion | undefined;

  constructor(jobId: string, options: WatchOptions) {
    this.#options = options;
    this.#events = new JobEvents(jobId);
    this.#viewers = new Viewers(this.#events);
    this.#reader = new JobReader(jobId, options, this.#ending.signal);
  }

  /** Whether a lost event would matter: the job is known to exist, and is not complete. */
  get isIncomplete(): boolean {
    return this.#live !== undefined && !this.#completion;
  }

  isMissing(sequence: number): boolean {
    return this.isIncomplete && !this.#events.has(sequence);
  }

  /** Keeps the watch until the function that it returns is called. */
  hold(): () => void {
    this.#holds++;
    clearTimeout(this.#linger);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      if (--this.#holds === 0) this.#lingerOrEnd();
    };
  }

  /** For a job of which nothing is stored yet. Resolves when the broker has the subscription. @param owner the id of the key that it will belong to */
  async expect(owner: string | undefined): Promise<void> {
    this.#events.owner = owner;
    this.#isReady = true;
    this.#armDeadline();
    await this.#listen();
  }

  join(viewer: Viewer, after: number, reader: Reader, asker: object): Viewing {
    const cursor = this.#viewers.join(viewer, after, reader, this.hold());
    const wasDeleted = this.#isReady && this.#events.job.state === "deleted";
    // `end` calls the viewers' `fail`.
    this.#start(asker).catch(() => {});
    queueMicrotask(() => {
      if (wasDeleted) this.#viewers.failOne(cursor, new StageFailure("job_deleted"));
      else if (this.#isReady) this.#viewers.deliverTo(cursor, this.#completion);
    });
    return {
      resume: () => {
        cursor.resume();
        this.#viewers.deliverTo(cursor, this.#completion);
      },
      stop: () => this.#viewers.leave(cursor),
    };
  }

  /** The job now. Fields are expired only as of the last read of the stream. @throws StageFailure as `Viewer.fail` */
  async snapshot(reader: Reader, asker: object): Promise<Snapshot> {
    const hidden = () => refusalFor(reader, this.#events.job.jobId, this.#events.owner);
    await this.#start(asker).catch((error: unknown) => {
      throw hidden() ?? error;
    });
    const refusal = hidden();
    if (refusal) throw refusal;
    const isUnread = this.#isOverdue() || this.#events.job.state === "unknown";
    if (isUnread && !this.#completion && this.#options.broker.connected()) {
      const reading = this.#reread(this.#isOverdue() ? "deadline" : "gap");
      await Promise.race([reading, pause(SNAPSHOT_WITHIN_MS, undefined, { ref: false })]);
    }
    const { job, sequence, owner } = this.#events;
    if (job.state === "deleted") throw new StageFailure("job_deleted");
    return { job: jobAt(job, this.#reader.readAtMs), sequence, owner };
  }

  /** After a change of keys: viewers that may not read the job any more get `job_not_found`. */
  recheckReaders(): void {
    this.#viewers.recheck();
  }

  /** Reads the job again: the stream holds an event that was not delivered. */
  catchUp(): void {
    if (this.#completion) return;
    if (this.#isReady) void this.#reread("gap");
    else
      this.#starting?.then(
        () => this.catchUp(),
        () => {},
      );
  }

  /** Viewers that are left get the failure. */
  end(failure: StageFailure): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort(failure);
    clearTimeout(this.#deadline);
    clearTimeout(this.#linger);
    this.#live?.stop();
    this.#options.onEnd();
    this.#viewers.fail(failure);
  }

  #start(asker: object): Promise<void> {
    if (this.#isReady) return Promise.resolve();
    return (this.#starting ??= this.#readStart(asker));
  }

  async #readStart(asker: object): Promise<void> {
    const unread = () => this.end(new StageFailure("unavailable", "the job could not be read in time"));
    const limit = setTimeout(unread, START_WITHIN_MS).unref();
    try {
      const stored = await this.#reader.start(asker, () => this.#listen());
      for (const { owner } of stored) this.#events.owner ??= owner;
      if (stored.some(({ events }) => events.some((event) => event.deleted)))
        throw new StageFailure("job_deleted");
      this.#isReady = true;
      this.#apply([...stored, ...this.#pending.splice(0)]);
      this.#armDeadline();
    } catch (error) {
      const isKnown = error instanceof StageFailure;
      this.end(isKnown ? error : new StageFailure("internal", undefined, { cause: error }));
      throw error;
    } finally {
      clearTimeout(limit);
    }
  }

  #listen(): Promise<void> {
    const { broker, log, onDelivered } = this.#options;
    this.#live ??= listenToJob(broker, this.#events.job.jobId, log, (stored) => {
      onDelivered(stored.sequence);
      if (this.#pending.push(stored) > 1 || !this.#isReady) return;
      setImmediate(() => this.#apply(this.#pending.splice(0)));
    });
    return this.#live.listening;
  }

  #reread(reason: ReadReason): Promise<void> {
    return this.#reader.reread(
      reason,
      () => this.#events.job,
      (stored) => this.#apply(stored),
    );
  }

  /** All at once, before completion is checked: a job that is read after its deadline may be completed by any of them. */
  #apply(stored: StoredMessage[]): void {
    if (this.#ending.signal.aborted) return;
    const wasAccepted = Boolean(this.#events.job.accepted);
    for (const each of stored.sort((a, b) => a.sequence - b.sequence)) this.#events.add(each);
    if (!wasAccepted && this.#events.job.accepted) this.#armDeadline();
    this.#completeIfDone();
    this.#viewers.deliver(this.#completion);
  }

  #completeIfDone(): void {
    // As of the latest read: a field that may be stored and was not read is pending, however late it is.
    const job = jobAt(this.#events.job, this.#reader.readAtMs);
    if (this.#completion || (job.state !== "complete" && job.state !== "deleted")) return;
    clearTimeout(this.#deadline);
    this.#completion = completionOf(job, this.#events.all, Date.now());
  }

  #isOverdue(): boolean {
    return Date.now() >= this.#dueAtMs();
  }

  #dueAtMs(): number {
    const { jobId, accepted } = this.#events.job;
    const deadlineAtMs = accepted?.deadlineAtMs ?? jobAcceptedAtMs(jobId) + this.#options.jobDeadlineMs;
    return deadlineAtMs + DEADLINE_GRACE_MS;
  }

  #armDeadline(): void {
    clearTimeout(this.#deadline);
    if (this.#completion || this.#ending.signal.aborted) return;
    this.#deadline = setTimeout(() => void this.#onDeadline(), this.#dueAtMs() - Date.now() + 5).unref();
  }

  async #onDeadline(): Promise<void> {
    await this.#reread("deadline");
    if (this.#completion || this.#ending.signal.aborted) return;
    // Nothing of it was ever stored, or it is gone from the stream.
    if (this.#events.job.state === "unknown") this.end(this.#reader.absence());
    else this.#armDeadline();
  }

  #lingerOrEnd(): void {
    if (this.#ending.signal.aborted) return;
    const unwatched = () => this.end(new StageFailure("unavailable", "the job has no viewers"));
    if (!this.#isReady) unwatched();
    else this.#linger = setTimeout(unwatched, LINGER_MS).unref();
  }
}
