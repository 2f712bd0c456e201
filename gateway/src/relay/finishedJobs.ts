import { setTimeout as pause } from "node:timers/promises";
import { StageFailure, jobAcceptedAtMs } from "@similarfaces/contracts";
import type { Broker, Log } from "@similarfaces/runtime";
import type { Reader } from "../access/caller.js";
import { KnownEvent } from "./jobEvents.js";
import { listenToDeletion } from "./liveResults.js";
import type { ReadQueue } from "./readQueue.js";
import type { StoredMessage } from "./storedMessage.js";
import { readEnds } from "./storedResults.js";
import { refusalFor } from "./viewer.js";

/** Who shows a finished job. One of the two is called, once, with why there is nothing to show any more. */
export interface Witness {
  /** The job's tombstone. */
  deleted(tombstone: KnownEvent): void;
  /** job_expired, or job_not_found, also of a job that the reader may not read (any more). */
  fail(failure: StageFailure): void;
}

export interface FinishedJobsOptions {
  broker: Broker;
  log: Log;
  reads: ReadQueue;
  jobTtlMs: number;
  onDelivered(sequence: number): void;
}

/** One that somebody shows. Of all its results only whose it is is kept. */
interface FinishedJob {
  readonly jobId: string;
  readonly witnesses: Map<Witness, Reader>;
  /** Aborted when nobody waits for it any more. */
  readonly ending: AbortController;
  owner: string | undefined;
  reading: Promise<void> | undefined;
}

const READ_AGAIN_MS = 1_000;

/**
 * Tells who shows a finished job that it is deleted. Each has one subscription, on its tombstone alone, and is read when it is first shown,
 * after each reconnect, and where the stream is known to hold a result of it that was not delivered.
 */
export class FinishedJobs {
  readonly #options: FinishedJobsOptions;
  readonly #jobs = new Map<string, FinishedJob>();

  constructor(options: FinishedJobsOptions) {
    this.#options = options;
    options.broker.onReconnect(() => {
      for (const job of this.#jobs.values()) this.#read(job, this);
    });
  }

  has(jobId: string): boolean {
    return this.#jobs.has(jobId);
  }

  /** @returns how to stop: the witness is not called any more. @param asker whose reads wait for each other */
  witness(jobId: string, witness: Witness, reader: Reader, asker: object): () => void {
    let job = this.#jobs.get(jobId);
    job?.witnesses.set(witness, reader);
    job ??= this.#open(jobId, witness, reader);
    this.#read(job, asker);
    return () => {
      job.witnesses.delete(witness);
      if (job.witnesses.size === 0) this.#end(job);
    };
  }

  /** Reads a job again: its tombstone may have been lost. */
  catchUp(jobId: string): void {
    const job = this.#jobs.get(jobId);
    if (job) this.#read(job, this);
  }

  /** After a change of keys. */
  recheckReaders(): void {
    for (const job of this.#jobs.values()) if (!job.reading) this.#refuse(job);
  }

  /** Nobody is told anything any more. */
  close(): void {
    for (const job of this.#jobs.values()) this.#end(job);
  }

  #open(jobId: string, witness: Witness, reader: Reader): FinishedJob {
    const { broker, log, jobTtlMs, onDelivered } = this.#options;
    const ending = new AbortController();
    const witnesses = new Map([[witness, reader]]);
    const job: FinishedJob = { jobId, witnesses, ending, owner: undefined, reading: undefined };
    const live = listenToDeletion(broker, jobId, log, (tombstone) => {
      onDelivered(tombstone.sequence);
      this.#deleted(job, tombstone);
    });
    const leftMs = Math.max(0, jobAcceptedAtMs(jobId) + jobTtlMs - Date.now());
    const expiry = setTimeout(() => this.#fail(job, new StageFailure("job_expired")), leftMs).unref();
    ending.signal.addEventListener("abort", () => {
      live.stop();
      clearTimeout(expiry);
    });
    this.#jobs.set(jobId, job);
    return job;
  }

  #read(job: FinishedJob, asker: object): void {
    job.reading ??= this.#readUntilAnswered(job, asker)
      // Nobody waits for it any more.
      .catch(() => {})
      .finally(() => (job.reading = undefined));
  }

  async #readUntilAnswered(job: FinishedJob, asker: object): Promise<void> {
    const { broker, reads } = this.#options;
    const { signal } = job.ending;
    let isAbsent = false;
    for (;;) {
      const ends = await reads
        .run(asker, signal, async () => {
          // What is stored from here on is delivered.
          await broker.nc.flush();
          return readEnds(broker, job.jobId);
        })
        .catch(() => undefined);
      if (signal.aborted) return;
      if (ends?.deleted) return this.#deleted(job, ends.deleted);
      if (ends?.accepted) {
        job.owner = ends.accepted.owner;
        return this.#refuse(job);
      }
      // Amid a deletion its tombstone is gone for a moment too.
      if (ends && isAbsent) return this.#fail(job, new StageFailure("job_not_found"));
      isAbsent = ends !== undefined;
      await pause(READ_AGAIN_MS, undefined, { signal, ref: false });
    }
  }

  #deleted(job: FinishedJob, tombstone: StoredMessage): void {
    job.owner ??= tombstone.owner;
    this.#refuse(job);
    const { sequence, events } = tombstone;
    const witnesses = [...job.witnesses.keys()];
    this.#end(job);
    for (const event of events) {
      const known = new KnownEvent(event, { sequence, isLast: true, isLate: false });
      for (const witness of witnesses) witness.deleted(known);
    }
  }

  /** Those who may not read it. */
  #refuse(job: FinishedJob): void {
    for (const [witness, reader] of job.witnesses) {
      const refusal = refusalFor(reader, job.jobId, job.owner);
      if (!refusal) continue;
      job.witnesses.delete(witness);
      witness.fail(refusal);
    }
    if (job.witnesses.size === 0) this.#end(job);
  }

  #fail(job: FinishedJob, failure: StageFailure): void {
    const witnesses = [...job.witnesses.keys()];
    this.#end(job);
    for (const witness of witnesses) witness.fail(failure);
  }

  #end(job: FinishedJob): void {
    if (this.#jobs.get(job.jobId) === job) this.#jobs.delete(job.jobId);
    job.witnesses.clear();
    job.ending.abort();
  }
}
