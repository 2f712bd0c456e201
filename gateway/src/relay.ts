import { StageFailure, jobAcceptedAtMs, jobAt, type JobState } from "@similarfaces/contracts";
import type { Reader } from "./access/caller.js";
import { Watch, type Viewer, type Viewing, type WatchOptions } from "./watch.js";

export interface Snapshot {
  job: JobState;
  sequence: number;
  /** The id of the key that the job belongs to, if it belongs to one. */
  owner: string | undefined;
}

/**
 * Results to viewers. One core subscription per watched job, so that relaying costs a gateway what its own visitors watch;
 * the stream itself is read when watching starts, after the broker was away, and when an incomplete job falls silent.
 */
export class Relay {
  readonly #options: WatchOptions;
  readonly #watches = new Map<string, Watch>();

  constructor(options: WatchOptions) {
    this.#options = options;
    options.broker.onReconnect(() => {
      for (const watch of this.#watches.values()) void watch.replay("reconnect");
    });
  }

  /** Begins to listen for a job that is about to be accepted, for the key that it will belong to: nothing of it can be stored yet. */
  async expect(jobId: string, owner: string | undefined): Promise<void> {
    const watch = this.#watch(jobId);
    watch.owner = owner;
    await watch.expect();
  }

  /**
   * Gives a viewer every event after a sequence, then what comes, then the completion.
   * @throws StageFailure job_not_found, also for a job that the reader may not read, job_expired, job_deleted or unavailable
   */
  async view(jobId: string, after: number, viewer: Viewer, reader: Reader): Promise<Viewing> {
    const { watch } = await this.#known(jobId, reader);
    return watch.add(viewer, after);
  }

  /** The job now, the highest sequence it was made from, and whose it is. @throws StageFailure as `view` does */
  async snapshot(jobId: string, reader: Reader): Promise<Snapshot> {
    const { watch, owner } = await this.#known(jobId, reader);
    return { job: jobAt(watch.job, Date.now()), sequence: watch.sequence, owner };
  }

  /** Forgets everything about a job that was deleted. */
  forget(jobId: string): void {
    this.#watches.get(jobId)?.end();
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.end();
  }

  #watch(jobId: string): Watch {
    let watch = this.#watches.get(jobId);
    if (!watch) {
      const { relayWatchedJobs } = this.#options.metrics;
      watch = new Watch(jobId, this.#options, () => {
        this.#watches.delete(jobId);
        relayWatchedJobs.set(this.#watches.size);
      });
      this.#watches.set(jobId, watch);
      relayWatchedJobs.set(this.#watches.size);
    }
    return watch;
  }

  async #known(jobId: string, reader: Reader): Promise<{ watch: Watch; owner: string | undefined }> {
    const watch = this.#watch(jobId);
    if (watch.job.state === "unknown") {
      // Whoever expects the job knows that it comes; for others the stream decides.
      if (watch.known) await watch.listen();
      else await watch.replay("start");
    }
    const { owner } = watch;
    // As if it were not there.
    if (!reader.mayRead(jobId, owner)) throw new StageFailure("job_not_found");
    if (watch.job.state === "deleted") throw new StageFailure("job_deleted");
    if (watch.job.state === "unknown" && !watch.known) {
      watch.end();
      const isOld = jobAcceptedAtMs(jobId) + this.#options.jobTtlMs < Date.now();
      throw new StageFailure(isOld ? "job_expired" : "job_not_found");
    }
    return { watch, owner };
  }
}
