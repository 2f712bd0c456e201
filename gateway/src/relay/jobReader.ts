import { setTimeout as pause } from "node:timers/promises";
import { StageFailure, emptyJob, jobAcceptedAtMs, reduceJob, type JobState } from "@similarfaces/contracts";
import type { Broker, Metrics } from "@similarfaces/runtime";
import type { ReadQueue } from "./readQueue.js";
import type { StoredMessage } from "./storedMessage.js";
import { readBeginning, readStored } from "./storedResults.js";

/** Why a job is read from the stream: watching begins, an event was lost, or its deadline is over. */
export type ReadReason = "start" | "gap" | "deadline";

export interface JobReaderOptions {
  broker: Broker;
  metrics: Metrics;
  /** For jobs that begin to be watched; askers take turns. */
  starts: ReadQueue;
  /** For jobs that are watched. */
  rereads: ReadQueue;
  jobTtlMs: number;
}

const READ_AGAIN_MS = 1_000;

/** Reads one job from the stream until the signal is aborted. */
export class JobReader {
  readonly #jobId: string;
  readonly #options: JobReaderOptions;
  readonly #signal: AbortSignal;
  #wanted: ReadReason | undefined;
  #reading: Promise<void> | undefined;
  /** When the latest successful read began: everything that was stored by then is known. */
  readAtMs = 0;

  constructor(jobId: string, options: JobReaderOptions, signal: AbortSignal) {
    this.#jobId = jobId;
    this.#options = options;
    this.#signal = signal;
  }

  /**
   * All that is stored. `listen` is called once the job is known to exist, so that ids of no job cause no subscriptions.
   * @throws StageFailure job_not_found, job_expired or unavailable; the signal's reason
   */
  async start(asker: object, listen: () => Promise<void>): Promise<StoredMessage[]> {
    const { broker, starts, metrics } = this.#options;
    const stored = await starts.run(asker, this.#signal, async () => {
      const first = await readBeginning(broker, this.#jobId);
      if (!first) throw this.absence();
      await listen();
      this.readAtMs = Date.now();
      return [first, ...(await readStored(broker, first.events.reduce(reduceJob, emptyJob(this.#jobId))))];
    });
    metrics.relayReplays.inc({ reason: "start" });
    return stored;
  }

  /** Reads the fields that are missing of the known job, and tries again until the stream has answered. */
  reread(reason: ReadReason, known: () => JobState, apply: (stored: StoredMessage[]) => void): Promise<void> {
    this.#wanted = reason;
    this.#reading ??= this.#readUntilAnswered(known, apply).finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  /** Why nothing of the job is stored. */
  absence(): StageFailure {
    const isOld = jobAcceptedAtMs(this.#jobId) + this.#options.jobTtlMs < Date.now();
    return new StageFailure(isOld ? "job_expired" : "job_not_found");
  }

  async #readUntilAnswered(known: () => JobState, apply: (stored: StoredMessage[]) => void): Promise<void> {
    const { broker, rereads, metrics } = this.#options;
    while (this.#wanted && !this.#signal.aborted) {
      const reason = this.#wanted;
      this.#wanted = undefined;
      let beganAtMs = 0;
      const reading = rereads.run(this, this.#signal, () => {
        beganAtMs = Date.now();
        return readStored(broker, known());
      });
      // A failed read is tried again; viewers are not informed of it.
      const stored = await reading.catch(() => undefined);
      if (stored) {
        metrics.relayReplays.inc({ reason });
        this.readAtMs = beganAtMs;
        apply(stored);
      } else {
        this.#wanted ??= reason;
        await pause(READ_AGAIN_MS, undefined, { signal: this.#signal, ref: false }).catch(() => {});
      }
    }
  }
}
