import {
  emptyJob,
  jobAt,
  reduceJob,
  DEADLINE_GRACE_MS,
  type FailureJson,
  type JobState,
  type ResultEvent,
} from "@similarfaces/contracts/job";
import { batch, createRoot, createSignal, type Accessor } from "solid-js";
import { isJobId } from "@similarfaces/contracts/jobId";
import type { DeletionReceipt } from "@similarfaces/contracts/api";
import { deleteJob, isGone } from "../api/jobs";
import { changeNow, changeSoon } from "../live/frames";
import { watchJob } from "../live/live";
import type { Watcher } from "../live/watchers";
import { serverClock, serverNowMs } from "../serverClock";

/** When results came to this page, by its own clock (`performance.now()`), which nobody sets and which never runs backwards. */
export interface Received {
  /** The boxes of at least one face. */
  boxesAtMs?: number;
  /** The last one that said anything new, or the end of the wait for those that did not come in time. */
  lastAtMs?: number;
}

/** As the server would say it: the page knows when that is. */
const EXPIRED: FailureJson = { code: "job_expired", message: "This job has expired.", retryable: false };

/** What can't be a job's id need not be asked for. */
const NOT_FOUND: FailureJson = { code: "job_not_found", message: "There is no such job.", retryable: false };

/** One job, as far as its results have come to this page. */
export interface Job {
  readonly jobId: string;
  readonly state: Accessor<JobState>;
  readonly received: Accessor<Received>;
  /** Why there is no such job (any more), in the server's words. */
  readonly failure: Accessor<FailureJson | undefined>;
  /** Deleted, expired, or never there: nothing of it is left in this page. */
  readonly isGone: Accessor<boolean>;
  /** What the deletion found, once it was asked for here. */
  readonly receipt: Accessor<DeletionReceipt | undefined>;
  /** Deletes it everywhere. @throws ApiFailure */
  delete(): Promise<void>;
}

const jobs = new Map<string, Job>();
const leaving: ((jobId: string) => void)[] = [];

/** Calls it for every job that is gone, deleted or expired: nothing that was made from one is left in this page. */
export function whenGone(forget: (jobId: string) => void): void {
  leaving.push(forget);
}

/** The job of that id, watched from the first call until nothing more can come. */
export function jobOf(jobId: string): Job {
  let job = jobs.get(jobId);
  if (!job) {
    job = createRoot(() => createJob(jobId));
    jobs.set(jobId, job);
  }
  return job;
}

function createJob(jobId: string): Job {
  const [state, setState] = createSignal<JobState>(emptyJob(jobId));
  const [received, setReceived] = createSignal<Received>({});
  const isPossible = isJobId(jobId);
  const [failure, setFailure] = createSignal<FailureJson | undefined>(isPossible ? undefined : NOT_FOUND);
  const [receipt, setReceipt] = createSignal<DeletionReceipt>();
  /** By the results received, whatever the time. */
  let known: JobState = emptyJob(jobId);
  /** The time at which it is shown: after the deadline, fields without an answer are expired; a late answer still replaces that. */
  let shownAtMs = 0;
  let times: Received = {};
  const show = () => {
    setReceived(times);
    setState(jobAt(known, shownAtMs));
  };
  const apply = (event: ResultEvent) => {
    const next = reduceJob(known, event);
    if (next === known) return;
    known = next;
    if (known.state === "deleted") return leave();
    const lastAtMs = performance.now();
    const boxesAtMs = times.boxesAtMs ?? (known.faces.length > 0 ? lastAtMs : undefined);
    times = { lastAtMs, ...(boxesAtMs === undefined ? {} : { boxesAtMs }) };
    changeSoon(show);
    // At once, or the clock beside it would meanwhile show that it took longer.
    if (known.state === "complete") changeNow();
  };
  const expire = () => {
    shownAtMs = Number.POSITIVE_INFINITY;
    // What never came was waited for until now.
    if (known.state === "running") times = { ...times, lastAtMs: performance.now() };
    changeSoon(show);
    changeNow();
  };
  let sequence = 0;
  /** Under way, asked for here. */
  let deletion: Promise<DeletionReceipt> | undefined;
  let deadline: ReturnType<typeof setTimeout> | undefined;
  let expiry: ReturnType<typeof setTimeout> | undefined;
  const leave = (why?: FailureJson) => {
    clearTimeout(deadline);
    clearTimeout(expiry);
    batch(() => {
      show();
      setFailure(why);
      for (const forget of leaving) forget(jobId);
    });
  };
  const fail = (why: FailureJson) => {
    if (isGone(why)) {
      known = emptyJob(jobId);
      return leave(why);
    }
    clearTimeout(deadline);
    // What came before it is shown before it.
    changeNow();
    setFailure(why);
  };

  const watcher: Watcher = {
    after: () => sequence,
    stages: () => known.accepted?.stages ?? [],
    result(at, event) {
      sequence = Math.max(sequence, at);
      // The receipt says so too, and what was found.
      if (event.deleted && deletion) return void deletion.catch(() => apply(event));
      const madeAtMs = event.timings?.finishedAtMs ?? event.accepted?.acceptedAtMs;
      if (madeAtMs !== undefined) serverClock.received(madeAtMs, Date.now());
      apply(event);
      // The event `complete` comes when the deadline has passed; without a connection the page keeps the time itself.
      if (event.accepted && expiry === undefined) {
        const leftMs = event.accepted.deadlineAtMs + DEADLINE_GRACE_MS - serverNowMs();
        deadline = setTimeout(expire, Math.max(0, leftMs) + 500);
        expiry = setTimeout(expired, Math.max(0, event.accepted.expiresAtMs - serverNowMs()));
      }
    },
    complete() {
      clearTimeout(deadline);
      expire();
    },
    failure: fail,
  };
  const stop = isPossible ? watchJob(jobId, watcher) : () => {};
  const expired = () => {
    stop();
    fail(EXPIRED);
  };

  return {
    jobId,
    state,
    received,
    failure,
    isGone: () => state().state === "deleted" || (failure() !== undefined && isGone(failure()!)),
    receipt,
    async delete() {
      deletion = deleteJob(jobId);
      const found = await deletion.finally(() => (deletion = undefined));
      stop();
      setReceipt(found);
      const { deletedAtMs } = found;
      apply({ jobId, stage: "deleted", model: "", attempt: 1, deleted: { deletedAtMs } });
    },
  };
}
