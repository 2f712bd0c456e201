import {
  DEADLINE_GRACE_MS,
  emptyJob,
  jobAt,
  reduceJob,
  type JobState,
  type ResultEvent,
} from "@similarfaces/contracts";
import { watch, type Transport } from "./viewer.js";

/** One accepted job as its visitor saw it, and as somebody sees it who comes when all is over. */
export interface Sighting {
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
  unseen: string[];
  /** When the visitor was told that no more will come. */
  toldAtMs?: number;
  /** By the reducer, from what is stored. */
  job: JobState;
}

export interface SightOptions {
  url: string;
  jobId: string;
  photo: string;
  transport: Transport;
  deadlineMs: number;
  /** From the job's end until it is read anew. */
  readAgainAfterMs: number;
}

/** A gateway may be away just when a deadline passes; it is waited for this long. */
const PATIENCE_MS = 60_000;

export interface Sighted {
  toldAtMs?: number;
  /** The job read anew, soon after its end. */
  stored: Promise<Sighting>;
  /** And once more, as where nobody could say what is stored. */
  read(): Promise<Sighting>;
}

/** Watches the job to its end. */
export async function sight(options: SightOptions): Promise<Sighted> {
  const { url, jobId, photo, transport, deadlineMs, readAgainAfterMs } = options;
  const acceptedAtMs = Date.now();
  const { events, toldAtMs } = await watch(
    url,
    jobId,
    transport,
    acceptedAtMs + deadlineMs + DEADLINE_GRACE_MS + PATIENCE_MS,
  );
  const told = toldAtMs === undefined ? {} : { toldAtMs };
  const read = async (): Promise<Sighting> => {
    await new Promise((resolve) => setTimeout(resolve, readAgainAfterMs));
    const { events: stored } = await watch(url, jobId, "sse", Date.now() + PATIENCE_MS);
    const seen = new Set(events.map(fieldName));
    return {
      jobId,
      photo,
      acceptedAtMs,
      shownTwice: repeated(events.map(fieldName)),
      storedTwice: repeated(stored.map(fieldName)),
      unseen: stored.map(fieldName).filter((name) => !seen.has(name)),
      ...told,
      job: jobAt(stored.reduce(reduceJob, emptyJob(jobId)), Date.now()),
    };
  };
  return { ...told, stored: read(), read };
}

/** "extract", "age.0" */
function fieldName({ stage, face }: ResultEvent): string {
  return face === undefined ? stage : `${stage}.${face}`;
}

function repeated(names: readonly string[]): string[] {
  return names.filter((name, i) => names.indexOf(name) !== i);
}
