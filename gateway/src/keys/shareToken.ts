import { createHmac, timingSafeEqual } from "node:crypto";
import { isJobId, jobAcceptedAtMs } from "@similarfaces/contracts";

/**
 * The token of a share link: 128 bits of an HMAC of the job's id. It is stored nowhere, every gateway of a cluster can check it, and it is valid
 * as long as the job, whose age is in the id.
 */
export function shareTokenOf(secret: Uint8Array, jobId: string): string {
  return createHmac("sha256", secret).update(`share ${jobId}`).digest().subarray(0, 16).toString("base64url");
}

export function isShareToken(secret: Uint8Array, jobId: string, token: string, jobTtlMs: number): boolean {
  if (secret.byteLength === 0 || !isJobId(jobId)) return false;
  if (jobAcceptedAtMs(jobId) + jobTtlMs < Date.now()) return false;
  const right = Buffer.from(shareTokenOf(secret, jobId));
  const given = Buffer.from(token);
  return given.byteLength === right.byteLength && timingSafeEqual(given, right);
}
