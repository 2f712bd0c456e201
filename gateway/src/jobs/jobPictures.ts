import { StageFailure, type JobState } from "@similarfaces/contracts";
import { jobBlobKey, type Blobs, type JobBlobName } from "@similarfaces/runtime";
import type { Reader } from "../access/caller.js";
import type { HttpReply } from "../http/http.js";
import type { Relay } from "../relay/relay.js";
import { jpegReply } from "../requests/replies.js";

/** Extract stores pictures right after it has published its result; requests before that wait for so long. */
const PICTURE_WAIT_MS = 5_000;
const PICTURE_RETRY_MS = 100;

export async function pictureReply(...asked: Parameters<typeof picture>): Promise<HttpReply> {
  return jpegReply((await picture(...asked)).bytes);
}

/** @throws StageFailure not_found where there is none and none will come */
export async function picture(
  jobId: string,
  name: JobBlobName,
  reader: Reader,
  relay: Relay,
  blobs: Blobs,
): Promise<{ job: JobState; bytes: Uint8Array }> {
  const untilMs = Date.now() + PICTURE_WAIT_MS;
  for (;;) {
    const { job } = await relay.snapshot(jobId, reader);
    const blob = await blobs.get(jobBlobKey(jobId, name));
    if (blob) return { job, bytes: blob.bytes };
    if (!mayStillCome(job, name) || Date.now() > untilMs) throw noPicture();
    await new Promise((resolve) => setTimeout(resolve, PICTURE_RETRY_MS));
  }
}

function mayStillCome({ extract, faces }: JobState, name: JobBlobName): boolean {
  if (extract.state === "pending") return true;
  if (extract.state !== "done") return false;
  return name === "photo.jpg" || faces.length > 0;
}

export function noPicture(): StageFailure {
  return new StageFailure("not_found", "This job has no such picture, or not yet.");
}
