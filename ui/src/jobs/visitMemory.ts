import { jobAcceptedAtMs, isJobId } from "@similarfaces/contracts/jobId";

/** What the filmstrip needs to be there again after a reload, kept for this tab only. */
export interface Remembered {
  jobId: string;
  name: string;
}

const KEY = "visit";
/** Longer than any server keeps a job by default; an older one would only be an empty frame. */
const KEPT_MS = 15 * 60_000;

/** As many as one socket may watch, less those that are given next. */
const KEPT_MAX = 48;

export function recallVisit(): Remembered[] {
  try {
    const remembered = JSON.parse(sessionStorage.getItem(KEY) ?? "[]") as Remembered[];
    return remembered.filter(({ jobId }) => isJobId(jobId) && Date.now() - jobAcceptedAtMs(jobId) < KEPT_MS);
  } catch {
    return [];
  }
}

export function rememberVisit(shots: readonly Remembered[]): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(shots.slice(-KEPT_MAX)));
  } catch {
    // Storage is switched off: a reload then shows the job alone.
  }
}
