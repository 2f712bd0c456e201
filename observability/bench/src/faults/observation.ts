import {
  DEADLINE_GRACE_MS,
  emptyJob,
  jobAt,
  reduceJob,
  type JobState,
  type ResultEvent,
} from "@similarfaces/contracts";
import { watch, type Transport } from "./viewer.js";

/** One accepted job as its visitor received it, and as it is stored afterwards. */
export interface Observation {
  jobId: string;
  /** Name of the photo. */
  photo: string;
  /** When the 202 came. */
  acceptedAtMs: number;
  /** Results shown to the visitor more than once: "age.0". */
  shownTwice: string[];
  /** Results that the stream holds more than once. */
  storedTwice: string[];
  /** Results that are stored and were never shown to the visitor. */
  notShown: string[];
  /** When the visitor received its end. */
  completeAtMs?: number;
  /** The job's state by the results that are stored. */
  job: JobState;
}

export interface ObserveOptions {
  url: string;
  jobId: string;
  photo: string;
  transport: Transport;
  deadlineMs: number;
  /** From the job's end until it is read anew. */
  readAgainAfterMs: number;
}

/** How long a gateway is waited for that is away when a deadline passes. */
const PATIENCE_MS = 60_000;

export interface WatchedJob {
  completeAtMs?: number;
  /** The job read anew, soon after its end. */
  stored: Promise<Observation>;
  /** Reads it once more. */
  read(): Promise<Observation>;
}

/** Watches the job to its end. */
export async function observe(options: ObserveOptions): Promise<WatchedJob> {
  const { url, jobId, photo, transport, deadlineMs, readAgainAfterMs } = options;
  const acceptedAtMs = Date.now();
  const { events, completeAtMs } = await watch(
    url,
    jobId,
    transport,
    acceptedAtMs + deadlineMs + DEADLINE_GRACE_MS + PATIENCE_MS,
  );
  const end = completeAtMs === undefined ? {} : { completeAtMs };
  const read = async (): Promise<Observation> => {
    await new Promise((resolve) => setTimeout(resolve, readAgainAfterMs));
    const { events: stored } = await watch(url, jobId, "sse", Date.now() + PATIENCE_MS);
    const shown = new Set(events.map(fieldName));
    return {
      jobId,
      photo,
      acceptedAtMs,
      shownTwice: repeated(events.map(fieldName)),
      storedTwice: repeated(stored.map(fieldName)),
      notShown: stored.map(fieldName).filter((name) => !shown.has(name)),
      ...end,
      job: jobAt(stored.reduce(reduceJob, emptyJob(jobId)), Date.now()),
    };
  };
  return { ...end, stored: read(), read };
}

/** "extract", "age.0" */
function fieldName({ stage, face }: ResultEvent): string {
  return face === undefined ? stage : `${stage}.${face}`;
}

function repeated(names: readonly string[]): string[] {
  return names.filter((name, i) => names.indexOf(name) !== i);
}
