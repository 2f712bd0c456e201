import { jobBlobKey, type Blobs, type Log } from "@similarfaces/runtime";

const MINUTE_MS = 60_000;
/** What began before its deadline may need its upload a little longer. */
const GRACE_MS = MINUTE_MS;

export interface UploadsOptions {
  blobs: Blobs;
  log: Log;
}

/**
 * An upload is as it came, with whatever its camera says of place and time. `extract` deletes it with its answer; a job that ends
 * without one needs it no more. Never rejects: what could not be deleted is found by the sweep.
 */
export async function deleteUpload(jobId: string, { blobs, log }: UploadsOptions): Promise<void> {
  try {
    await blobs.delete(jobBlobKey(jobId, "upload"));
  } catch (err) {
    log.warn({ jobId, err }, "an upload could not be deleted; the sweep will");
  }
}

/**
 * Deletes, once a minute, the uploads of jobs whose deadline is over: whoever should have done so has died, or its store was away. The
 * first sweep looks at all minutes that may hold any.
 * @returns what ends it
 */
export function sweepUploads(
  options: UploadsOptions & { jobTtlMs: number; jobDeadlineMs: number },
): () => void {
  const { blobs, log, jobTtlMs, jobDeadlineMs } = options;
  let next = Math.floor((Date.now() - jobTtlMs) / MINUTE_MS);
  let sweeping: Promise<void> | undefined;
  const sweep = async () => {
    try {
      for (; (next + 1) * MINUTE_MS + jobDeadlineMs + GRACE_MS <= Date.now(); next++) {
        const keys = await blobs.list(`jobs/${next}/`);
        for (const key of keys.filter(isUpload)) await blobs.delete(key);
      }
    } catch (err) {
      log.warn({ err }, "uploads could not be swept; the next minute will");
    }
    sweeping = undefined;
  };
  const look = () => void (sweeping ??= sweep());
  look();
  const timer = setInterval(look, MINUTE_MS).unref();
  return () => clearInterval(timer);
}

function isUpload(key: string): boolean {
  return key.endsWith("/upload");
}
