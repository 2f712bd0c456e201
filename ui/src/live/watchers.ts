import type { FailureJson, ResultEvent } from "@similarfaces/contracts/job";
import { shareOf } from "../shares";

/** Receives a job's results, in the server's order; some may come twice. */
export interface Watcher {
  /** The sequence of the last result received, to resume from after a broken connection. */
  after(): number;
  /** The stages that the job asked for; empty until it is accepted. */
  stages(): readonly string[];
  result(sequence: number, event: ResultEvent): void;
  /** Nothing more comes: the job is complete, or its deadline has passed. */
  complete(): void;
  /** Nothing more comes, or nothing is left, because there is no such job (any more). */
  failure(failure: FailureJson): void;
}

export const watchers = new Map<string, Watcher>();

/** Of jobs that are complete, and shown: all that can still come is that they are gone. The latest last. */
export const finished = new Map<string, Watcher>();
/** As many as a socket may wait for (gateway/src/relay/live.ts). */
export const FINISHED_MAX = 64;

/** The message that subscribes a socket to a job's results. */
export const watchQuestion = (jobId: string, watcher: Watcher): string =>
  JSON.stringify({ type: "watch", jobId, after: watcher.after(), share: shareOf(jobId) });

/** The message that has a socket tell of the deletion of a finished job. */
export const deletionQuestion = (jobId: string): string =>
  JSON.stringify({ type: "deletion", jobId, share: shareOf(jobId) });
