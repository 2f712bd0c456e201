import type { FailureJson, ResultEvent } from "@similarfaces/contracts/job";
import { shareOf } from "../shares";

/** Who wants a job's results. They come in the server's order; some may come twice. */
export interface Watcher {
  /** The sequence of the last result received, to resume from after a broken connection. */
  after(): number;
  /** The stages that the job asked for, as far as it is known. */
  stages(): readonly string[];
  result(sequence: number, event: ResultEvent): void;
  /** Nothing more comes: the job is complete, or its deadline has passed. */
  complete(): void;
  /** Nothing more comes, because there is no such job (any more). */
  failure(failure: FailureJson): void;
}

export const watchers = new Map<string, Watcher>();

/** The question by which a job's results are asked for on a socket. */
export const watchQuestion = (jobId: string, watcher: Watcher): string =>
  JSON.stringify({ type: "watch", jobId, after: watcher.after(), share: shareOf(jobId) });
