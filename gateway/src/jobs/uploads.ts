import { jobBlobKey, type Blobs, type Log } from "@similarfaces/runtime";

const MINUTE_MS = 60_000;
/** Work that began before the deadline may need the upload a little longer. */
const GRACE_MS = MINUTE_MS;

export interface UploadsOptions {
  blobs: Blobs;
  log: Log;
}

/**
 * Deletes the upload of a job that ended without an answer of `extract`, which deletes it otherwise: an upload has the metadata of its camera,
 * place and time among them. Never rejects: an upload that could not be deleted is found by the sweep.
 */
export async function deleteUpload(jobId: string, { blobs, log }: UploadsOptions): Promise<void> {
  try {
    await blobs.delete(jobBlobKey(jobId, "upload"));
  } catch (err) {
    log.warn({ jobId, err }, "an upload could not be deleted; the sweep will");
  }
}

/**
 * Deletes, once a minute, the uploads of jobs whose deadline is over: the process that should have deleted them died, or the store was away.
 * The first sweep goes through all minutes that may have any.
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
  const sweepOnce = () => void (sweeping ??= sweep());
  sweepOnce();
  const timer = setInterval(sweepOnce, MINUTE_MS).unref();
  return () => clearInterval(timer);
}

function isUpload(key: string): boolean {
  return key.endsWith("/upload");
}
