import { setTimeout as pause } from "node:timers/promises";
import { StageFailure, emptyJob, jobAcceptedAtMs, reduceJob, type JobState } from "@similarfaces/contracts";
import type { Broker, Metrics } from "@similarfaces/runtime";
import type { ReadQueue } from "./readQueue.js";
import { readBeginning, readStored, type OwnedEvent } from "./storedResults.js";

/** Why a job is read from the stream: somebody begins to watch, something of it was lost, or its time is over. */
export type ReadReason = "start" | "gap" | "deadline";

export interface JobReaderOptions {
  broker: Broker;
  metrics: Metrics;
  /** For those who begin to watch, each in turn. */
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
  /** When the latest read began that was answered: what was stored by then is known. */
  readAtMs = 0;

  constructor(jobId: string, options: JobReaderOptions, signal: AbortSignal) {
    this.#jobId = jobId;
    this.#options = options;
    this.#signal = signal;
  }

  /**
   * All that is stored. `listen` is called once the job is known to be there: for an id that never was nothing is subscribed to.
   * @throws StageFailure job_not_found, job_expired or unavailable; the signal's reason
   */
  async start(asker: object, listen: () => Promise<void>): Promise<OwnedEvent[]> {
    const { broker, starts, metrics } = this.#options;
    const stored = await starts.run(asker, this.#signal, async () => {
      const first = await readBeginning(broker, this.#jobId);
      if (!first) throw this.absence();
      await listen();
      this.readAtMs = Date.now();
      return [first, ...(await readStored(broker, reduceJob(emptyJob(this.#jobId), first.event)))];
    });
    metrics.relayReplays.inc({ reason: "start" });
    return stored;
  }

  /** Reads what is missing of the job as it is known, again and again until the stream has answered. */
  reread(reason: ReadReason, known: () => JobState, take: (stored: OwnedEvent[]) => void): Promise<void> {
    this.#wanted = reason;
    this.#reading ??= this.#readUntilAnswered(known, take).finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  /** What it means that nothing of the job is stored. */
  absence(): StageFailure {
    const isOld = jobAcceptedAtMs(this.#jobId) + this.#options.jobTtlMs < Date.now();
    return new StageFailure(isOld ? "job_expired" : "job_not_found");
  }

  async #readUntilAnswered(known: () => JobState, take: (stored: OwnedEvent[]) => void): Promise<void> {
    const { broker, rereads, metrics } = this.#options;
    while (this.#wanted && !this.#signal.aborted) {
      const reason = this.#wanted;
      this.#wanted = undefined;
      let beganAtMs = 0;
      const reading = rereads.run(this, this.#signal, () => {
        beganAtMs = Date.now();
        return readStored(broker, known());
      });
      // Not answered: nobody is told anything.
      const stored = await reading.catch(() => undefined);
      if (stored) {
        metrics.relayReplays.inc({ reason });
        this.readAtMs = beganAtMs;
        take(stored);
      } else {
        this.#wanted ??= reason;
        await pause(READ_AGAIN_MS, undefined, { signal: this.#signal, ref: false }).catch(() => {});
      }
    }
  }
}
