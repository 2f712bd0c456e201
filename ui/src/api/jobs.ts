import type { AcceptedJob, DeletionReceipt, Job } from "@similarfaces/contracts/api";
import type { FailureJson } from "@similarfaces/contracts/job";
import { asGuest, withShare } from "../shares";
import { ask, upload, type UploadOptions } from "./request";

/** Sends a photo as it is. */
export const uploadPhoto = (photo: Blob, options: UploadOptions) =>
  upload<AcceptedJob>("/v1/jobs", photo, { "content-type": "application/octet-stream" }, options);

export const getJob = (jobId: string, signal?: AbortSignal) =>
  ask<Job>(withShare(jobId, `/v1/jobs/${encodeURIComponent(jobId)}`), signal ? { signal } : {});

export const deleteJob = (jobId: string) =>
  ask<DeletionReceipt>(`/v1/jobs/${encodeURIComponent(jobId)}`, { method: "DELETE" });

export const jobUrl = (jobId: string) => withShare(jobId, `/v1/jobs/${jobId}`);
export const photoUrl = (jobId: string) => withShare(jobId, `/v1/jobs/${jobId}/photo.jpg`);

// Live results; live/ decides which of these is used.

export function openSocket(): WebSocket {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return new WebSocket(`${scheme}://${location.host}${asGuest("/v1/live")}`);
}

export function openEvents(jobId: string, after: number): EventSource {
  return new EventSource(withShare(jobId, `/v1/jobs/${jobId}/events?after=${after}`));
}

const GONE = new Set(["job_expired", "job_deleted", "job_not_found"]);

/** Whether a failure means that there is no such job (any more). */
export const isGone = ({ code }: Pick<FailureJson, "code">): boolean => GONE.has(code);
