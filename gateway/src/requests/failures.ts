import {
  FAILURES,
  StageFailure,
  isFailureCode,
  type FailureCode,
  type FailureJson,
} from "@similarfaces/contracts";
import type { FailureBody } from "@similarfaces/contracts/api";
import { TooManyAttempts } from "../access/wrongKeys.js";
import { Overloaded } from "../admission/overloaded.js";
import { IdentityExists } from "../gallery/identityExists.js";
import type { HttpReply } from "../http/http.js";

/** The HTTP status of every failure code. */
export const STATUS: Readonly<Record<FailureCode, number>> = {
  empty_body: 400,
  body_too_large: 413,
  body_too_slow: 408,
  too_many_headers: 431,
  unsupported_type: 415,
  unreadable_image: 422,
  image_too_large: 422,
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  too_many_attempts: 429,
  not_found: 404,
  method_not_allowed: 405,
  job_not_found: 404,
  job_expired: 410,
  job_deleted: 410,
  overloaded: 503,
  unavailable: 503,
  undecodable_image: 422,
  several_faces: 422,
  no_face: 422,
  photo_missing: 410,
  malformed_message: 500,
  deadline_exceeded: 504,
  attempts_exhausted: 500,
  model_failed: 500,
  storage_unavailable: 503,
  source_failed: 500,
  internal: 500,
  gallery_unavailable: 503,
  gallery_full: 507,
  identity_not_found: 404,
  identity_exists: 409,
  face_not_found: 404,
  invalid_name: 422,
  consent_required: 422,
  invalid_embedding: 422,
  model_mismatch: 409,
  wrong_product: 502,
};

const RETRY_AFTER_SECONDS = 5;

/** `{ failure: { code, message, retryable } }` with the code's status. Our own bugs are `internal`, without their text. */
export function replyOfFailure(error: unknown): HttpReply {
  const { code, message, retryable } = failureOf(error);
  const identity = error instanceof IdentityExists ? { identity: error.identity } : {};
  const status = isFailureCode(code) ? STATUS[code] : 500;
  const retryAfter = retryAfterSeconds(error) ?? (status === 503 ? RETRY_AFTER_SECONDS : undefined);
  return {
    status,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }),
      ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
    },
    body: `${JSON.stringify({ failure: { code, message, retryable }, ...identity } satisfies FailureBody)}\n`,
  };
}

function retryAfterSeconds(error: unknown): number | undefined {
  if (error instanceof Overloaded || error instanceof TooManyAttempts) return error.retryAfterSeconds;
  return undefined;
}

export function failureOf(error: unknown): FailureJson {
  if (error instanceof StageFailure) {
    return { code: error.code, message: error.message, retryable: error.retryable };
  }
  const { help, retryable } = FAILURES.internal;
  return { code: "internal", message: help, retryable };
}
