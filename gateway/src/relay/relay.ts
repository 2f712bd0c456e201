import { StageFailure, jobAcceptedAtMs } from "@similarfaces/contracts";
import type { Reader } from "../access/caller.js";
import { DeliveryCheck } from "./deliveryCheck.js";
import { FinishedJobs, type Witness } from "./finishedJobs.js";
import { ReadQueue } from "./readQueue.js";
import type { Viewer, Viewing } from "./viewer.js";
import { Watch, type Snapshot, type WatchOptions } from "./watch.js";

export type RelayOptions = Omit<WatchOptions, "starts" | "rereads" | "onDelivered" | "onEnd">;

/** A job that is about to be accepted. */
export interface Expectation {
  /** Resolves when the broker has the subscription: nothing that is published from then on is missed. */
  readonly listening: Promise<void>;
  /** To be called once it is watched otherwise, or will not be accepted. */
  release(): void;
}

/** Jobs read from the stream at once when watching begins: in all, and for one socket or request. */
const STARTS_MAX = 16;
const STARTS_PER_ASKER_MAX = 4;
/** Watched jobs read at once, in a queue of their own: they do not wait behind a client that begins to watch many. */
const REREADS_MAX = 8;
/** Finished jobs that are shown: after a reconnect each of them is read once. */
const FINISHED_READS_MAX = 8;
/** Clocks of gateways differ by less than this: an id from further ahead was made by none of them. */
const CLOCK_SKEW_MS = 60_000;

/**
 * Delivers results to viewers. One core subscription per watched job, so that a gateway relays only what its own visitors watch; the
 * stream itself is read when watching starts, at the deadline, and where it is known to hold results that were not delivered.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #watches = new Map<string, Watch>();
  readonly #starts = new ReadQueue({ readsMax: STARTS_MAX, readsPerAskerMax: STARTS_PER_ASKER_MAX });
  readonly #rereads = new ReadQueue({ readsMax: REREADS_MAX, readsPerAskerMax: 1 });
  readonly #finished: FinishedJobs;
  readonly #deliveryCheck: DeliveryCheck;
  #isClosed = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    const { broker, log } = options;
    this.#finished = new FinishedJobs({
      ...options,
      reads: new ReadQueue({ readsMax: FINISHED_READS_MAX, readsPerAskerMax: FINISHED_READS_MAX }),
      onDelivered: (sequence) => this.#deliveryCheck.delivered(sequence),
    });
    this.#deliveryCheck = new DeliveryCheck({
      broker,
      log,
      isMissing: (jobId, sequence) =>
        this.#watches.get(jobId)?.isMissing(sequence) ?? this.#finished.has(jobId),
      isAnyIncomplete: () => [...this.#watches.values()].some(({ isIncomplete }) => isIncomplete),
      onBehind: (jobId) => {
        this.#watches.get(jobId)?.catchUp();
        this.#finished.catchUp(jobId);
      },
      onLostTrack: () => {
        for (const watch of this.#watches.values()) watch.catchUp();
      },
    });
    broker.onReconnect(() => this.#isClosed || this.#deliveryCheck.check());
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Subscribes to a job before anything of it is stored, for the key that it will belong to. It is watched until released, and as long as it has viewers. */
  expect(jobId: string, owner: string | undefined): Expectation {
    const watch = this.#watch(jobId);
    const release = watch.hold();
    return { listening: watch.expect(owner), release };
  }

  /**
   * Delivers to a viewer every event after a sequence, then each that comes, then the completion, or the failure in its place. Reads of one
   * `asker` wait for each other: a socket is one, with all that it watches.
   */
  view(jobId: string, after: number, viewer: Viewer, reader: Reader, asker: object = viewer): Viewing {
    const refusal = this.#refusal(jobId);
    if (!refusal) return this.#watch(jobId).join(viewer, after, reader, asker);
    let isStopped = false;
    queueMicrotask(() => isStopped || viewer.fail(refusal));
    return { resume: () => {}, stop: () => void (isStopped = true) };
  }

  /** Tells the witness when a finished job is gone. Reads of one `asker` wait for each other. @returns how to stop */
  witness(jobId: string, witness: Witness, reader: Reader, asker: object): () => void {
    const refusal = this.#refusal(jobId);
    if (!refusal) return this.#finished.witness(jobId, witness, reader, asker);
    let isStopped = false;
    queueMicrotask(() => isStopped || witness.fail(refusal));
    return () => void (isStopped = true);
  }

  /** @throws StageFailure job_not_found, also for a job that the reader may not read, job_expired, job_deleted or unavailable */
  async snapshot(jobId: string, reader: Reader): Promise<Snapshot> {
    const refusal = this.#refusal(jobId);
    if (refusal) throw refusal;
    const watch = this.#watch(jobId);
    const release = watch.hold();
    try {
      return await watch.snapshot(reader, {});
    } finally {
      release();
    }
  }

  /** After a change of keys: ends the viewings of those who may not read their job any more. */
  recheckReaders(): void {
    for (const watch of this.#watches.values()) watch.recheckReaders();
    this.#finished.recheckReaders();
  }

  /** Viewers that are left get `unavailable`. */
  close(): void {
    this.#isClosed = true;
    this.#deliveryCheck.close();
    this.#finished.close();
    for (const watch of this.#watches.values())
      watch.end(new StageFailure("unavailable", "this gateway is shutting down"));
  }

  /** Why a job of this id cannot be there, by the time in the id alone. */
  #refusal(jobId: string): StageFailure | undefined {
    if (this.#isClosed) return new StageFailure("unavailable", "this gateway is shutting down");
    const ageMs = Date.now() - jobAcceptedAtMs(jobId);
    if (ageMs < -CLOCK_SKEW_MS) return new StageFailure("job_not_found");
    return ageMs > this.#options.jobTtlMs + CLOCK_SKEW_MS ? new StageFailure("job_expired") : undefined;
  }

  #watch(jobId: string): Watch {
    const known = this.#watches.get(jobId);
    if (known) return known;
    const { relayWatchedJobs } = this.#options.metrics;
    const watch = new Watch(jobId, {
      ...this.#options,
      starts: this.#starts,
      rereads: this.#rereads,
      onDelivered: (sequence) => this.#deliveryCheck.delivered(sequence),
      onEnd: () => {
        this.#watches.delete(jobId);
        relayWatchedJobs.set(this.#watches.size);
      },
    });
    this.#watches.set(jobId, watch);
    relayWatchedJobs.set(this.#watches.size);
    return watch;
  }
}
