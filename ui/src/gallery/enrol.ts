import type { EnrolledJson, FailureJson, ResultEvent } from "@similarfaces/contracts/job";
import type { EnrolmentOutcomes } from "@similarfaces/contracts/api";
import { ApiFailure, enrolFace, enrolPhoto, type Enrolment } from "../api";
import { about } from "../installation";
import { asJpeg } from "../jobs/heic";
import { HEAD_BYTES, UNREADABLE_HEIC, photoTypeOf } from "../jobs/photoCheck";
import { watchJob } from "../live";
import { permitted, refusalOf } from "./permission";

/** How far one face is on its way into the gallery. */
export type Progress =
  | { at: "sending"; sentBytes: number; totalBytes: number }
  | { at: "waiting"; why: string }
  | { at: "finding" | "measuring" | "adding"; jobId: string };

/** A face that is not in the gallery, and why: what happened, and what to do next. */
export class Refused extends Error {
  override readonly name = "Refused";
  constructor(
    readonly code: string,
    readonly title: string,
    readonly help: string,
    readonly retryable: boolean,
  ) {
    super(title);
  }
}

export interface EnrolOptions {
  signal: AbortSignal;
  onProgress(progress: Progress): void;
  /** Times that a server which is busy or away is asked, before the face is refused. */
  attempts: number;
}

/** Before the server has said what it takes; the same as its own (gateway/src/requests/limits.ts). */
const BYTES_MAX = 20 * 2 ** 20;
const UNANSWERED: FailureJson = {
  code: "internal",
  message: "The server did not say what became of it.",
  retryable: true,
};
const BACKOFF_MS = [1_000, 2_000, 4_000, 8_000];

/**
 * The largest face of a photo, until it is in the gallery.
 * @throws Refused, or the signal's reason
 */
export async function enrolFile(
  file: File,
  source: string,
  enrollee: Enrolment,
  identityId: string | undefined,
  options: EnrolOptions,
): Promise<EnrolledJson> {
  const { signal, onProgress } = options;
  const photo = await prepared(file, source);
  onProgress({ at: "sending", sentBytes: 0, totalBytes: photo.size });
  const accepted = await taken(
    () =>
      enrolPhoto(photo, { ...enrollee, source }, identityId, {
        signal,
        onProgress: (sentBytes, totalBytes) => onProgress({ at: "sending", sentBytes, totalBytes }),
      }),
    options,
  );
  return follow(jobOf(accepted), options);
}

/** A face of a finished job. @throws Refused, or the signal's reason */
export async function enrolFaceOfJob(
  source: { jobId: string; face: number },
  enrollee: Enrolment,
  identityId: string | undefined,
  options: EnrolOptions,
): Promise<EnrolledJson> {
  const accepted = await taken(() => enrolFace(source, enrollee, identityId), options);
  return follow(jobOf(accepted), options);
}

/** Each photo is sent by itself, and shown by itself. @throws Refused */
function jobOf({ photos }: EnrolmentOutcomes): string {
  const [photo] = photos;
  if (photo && "job" in photo) return photo.job.jobId;
  throw refused(photo?.failure ?? UNANSWERED);
}

/** The photo as it is sent: what cannot be one is refused here, and HEIC is converted where the browser can. */
async function prepared(file: File, name: string): Promise<Blob> {
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer().catch(unreadable));
  const type = photoTypeOf(name, file.size, head, about()?.limits.bodyBytesMax ?? BYTES_MAX);
  if (type === "photo") return file;
  const converted = type === "heic" ? await asJpeg(file) : undefined;
  if (converted) return converted;
  const { title, help } = type === "heic" ? UNREADABLE_HEIC : type;
  throw new Refused("unreadable_image", title, help, false);
}

function unreadable(): never {
  throw new Refused(
    "unreadable_image",
    "The file cannot be read (any more).",
    "Check that it is still there, and choose it again.",
    false,
  );
}

async function taken<T>(send: () => Promise<T>, { signal, onProgress, attempts }: EnrolOptions): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await permitted(send);
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      if (!error.retryable || attempt >= attempts) throw refused(error, refusalOf(error));
      onProgress({ at: "waiting", why: error.message });
      const backoffMs = BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length) - 1]!;
      await pause(Math.max(error.retryAfterMs, backoffMs), signal);
    }
  }
}

/** Watches the job to its end. */
function follow(jobId: string, { signal, onProgress }: EnrolOptions): Promise<EnrolledJson> {
  onProgress({ at: "finding", jobId });
  return new Promise((resolve, reject) => {
    let sequence = 0;
    const stop = watchJob(jobId, {
      after: () => sequence,
      result(at, event) {
        sequence = Math.max(sequence, at);
        take(event);
      },
      complete: () =>
        reject(
          new Refused(
            "deadline_exceeded",
            "It took too long.",
            "The server was too busy for this photo. Try it again.",
            true,
          ),
        ),
      failure: (why) => reject(refused(why)),
    });
    signal.addEventListener("abort", () => {
      stop();
      reject(signal.reason as Error);
    });

    function take({ stage, failure, enrol }: ResultEvent): void {
      if (failure) {
        stop();
        reject(refused(failure));
      } else if (enrol) {
        stop();
        resolve(enrol);
      } else if (stage === "extract") onProgress({ at: "measuring", jobId });
      else if (stage === "embed") onProgress({ at: "adding", jobId });
    }
  });
}

/** What happened; and what to do, where the failure's own words would say the same again. */
const WORDS: Readonly<Record<string, [title: string, help?: string]>> = {
  no_face: ["No face was found.", "Use a photo that shows one clearly."],
  undecodable_image: ["The file is damaged.", "Export it again, or use another photo."],
  unreadable_image: ["The file is damaged.", "Export it again, or use another photo."],
  unsupported_type: ["This is not a photo that can be read."],
  empty_body: ["The file is empty."],
  body_too_large: ["The photo is too large."],
  image_too_large: ["The photo has too many pixels."],
  invalid_name: ["That name cannot be stored."],
  consent_required: ["It does not say who agreed."],
  unauthorized: ["You may not change this gallery."],
  forbidden: ["You may not change this gallery."],
  identity_not_found: ["This person is no longer in the gallery.", "Add them as a new person."],
  face_not_found: ["This face cannot be had any more.", "Analyse the photo again."],
  job_expired: ["The analysis has expired.", "Analyse the photo again."],
  job_deleted: ["The analysis was deleted.", "Analyse the photo again."],
  job_not_found: ["There is no such analysis.", "Analyse the photo again."],
  gallery_unavailable: ["The gallery does not answer.", "Try it again in a moment."],
  gallery_full: ["The gallery is full.", "Delete faces that are not needed, or give it more space."],
  overloaded: ["The server is busy.", "Try it again in a moment."],
  offline: ["The server cannot be reached.", "Check the connection, then try it again."],
};

function refused({ code, message, retryable }: FailureJson, why = message): Refused {
  const [title, help] = WORDS[code] ?? ["It was not added."];
  return new Refused(code, title, help ?? why, retryable);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}
