/**
 * Every failure that leaves the system has one of these codes. Codes are the API: they are added, never renamed
 * or reused. `retryable` says whether the same thing may succeed later; `help` says what to do next.
 */
export const FAILURES = {
  // Before it is a job: answered by the gateway.
  empty_body: {
    retryable: false,
    help: "Send the photo's bytes as the request body, or as a file of a form.",
  },
  body_too_large: { retryable: false, help: "Send a photo of at most 20 MiB." },
  body_too_slow: { retryable: true, help: "The body came too slowly; send it again over a better line." },
  too_many_headers: { retryable: false, help: "Send at most 48 header fields." },
  unsupported_type: { retryable: false, help: "Send a JPEG, PNG, WebP, AVIF, GIF or TIFF photo." },
  unreadable_image: { retryable: false, help: "The file's header makes no sense; export the photo again." },
  image_too_large: {
    retryable: false,
    help: "Send a photo of at most 60 megapixels and 20,000 pixels on a side.",
  },
  bad_request: { retryable: false, help: "See /v1/openapi.json for what this address takes." },
  unauthorized: { retryable: false, help: "Send the API key: Authorization: Bearer <key>." },
  forbidden: {
    retryable: false,
    help: "This key is for other things; ask for one with the scope of this address.",
  },
  too_many_attempts: {
    retryable: true,
    help: "Too many wrong keys came from this address. Try again after the time in Retry-After.",
  },
  not_found: { retryable: false, help: "There is nothing at this address." },
  method_not_allowed: { retryable: false, help: "See /v1/openapi.json for the methods of this address." },
  job_not_found: { retryable: false, help: "No such job. Check the id." },
  job_expired: { retryable: false, help: "Results are kept for a short time only; send the photo again." },
  job_deleted: { retryable: false, help: "This job was deleted on request." },
  overloaded: { retryable: true, help: "Too much work is waiting. Try again after the time in Retry-After." },
  unavailable: { retryable: true, help: "A part of the system is restarting. Try again in a few seconds." },
  // On a job: published by a stage as its result.
  undecodable_image: { retryable: false, help: "The file is damaged or cut short; export or send it again." },
  several_faces: {
    retryable: false,
    help: "The photo has several faces: enrol one by this job and its face, or ask for the largest.",
  },
  no_face: { retryable: false, help: "No face was found to enrol; use a photo that shows one clearly." },
  photo_missing: { retryable: false, help: "The upload is no longer stored; send the photo again." },
  malformed_message: {
    retryable: false,
    help: "A stage got a message that it cannot read; versions may differ.",
  },
  deadline_exceeded: {
    retryable: true,
    help: "The job's time was over before this was computed; send it again.",
  },
  attempts_exhausted: { retryable: true, help: "Every attempt failed or ended its process; send it again." },
  model_failed: { retryable: true, help: "The model could not compute this; see the service's log." },
  storage_unavailable: { retryable: true, help: "The blob store did not answer; try again." },
  source_failed: { retryable: true, help: "The stage that this one needs has failed; see its failure." },
  internal: { retryable: true, help: "A fault of ours; see the service's log." },
  // Of the gallery.
  gallery_unavailable: { retryable: true, help: "The gallery did not answer; try again." },
  gallery_full: { retryable: true, help: "The gallery's store is full; free space or delete faces." },
  identity_not_found: { retryable: false, help: "No such identity in the gallery." },
  identity_exists: {
    retryable: false,
    help: "Somebody of this name is in the gallery: add the face to them, or say that this is somebody new.",
  },
  face_not_found: { retryable: false, help: "No such face." },
  invalid_name: {
    retryable: false,
    help: "A name has 1 to 200 characters, and none that controls a terminal or the direction of text.",
  },
  consent_required: {
    retryable: false,
    help: "Say who agreed to being in the gallery, in the field consent.",
  },
  invalid_embedding: { retryable: false, help: "An embedding is 512 finite numbers of length 1." },
  model_mismatch: { retryable: false, help: "The gallery holds embeddings of another model; enrol it anew." },
  wrong_product: { retryable: false, help: "The server is not an Elasticsearch of a supported version." },
} as const satisfies Record<string, { retryable: boolean; help: string }>;

export type FailureCode = keyof typeof FAILURES;

export function isFailureCode(code: string): code is FailureCode {
  return Object.hasOwn(FAILURES, code);
}

/**
 * A fault of the world: a broken photo, a store that is down. Our own bugs stay plain errors and crash.
 * `message` is for people and logs; it never holds pixels, embeddings or secrets.
 */
export class StageFailure extends Error {
  override readonly name = "StageFailure";
  readonly code: FailureCode;
  readonly retryable: boolean;

  constructor(code: FailureCode, message: string = FAILURES[code].help, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.retryable = FAILURES[code].retryable;
  }
}
