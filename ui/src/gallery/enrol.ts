import type { EnrolledJson, FailureJson, ResultEvent } from "@similarfaces/contracts/job";
import type { EnrolmentOutcomes } from "@similarfaces/contracts/api";
import { enrolFace, enrolPhoto, type Enrolment, type FaceOfJob } from "../api/gallery";
import { ApiFailure } from "../api/request";
import { ENROL_STAGES } from "@similarfaces/contracts/stages";
import { about } from "../installation";
import { asJpeg } from "../jobs/heic";
import { HEAD_BYTES, UNREADABLE_HEIC, photoTypeOf } from "../jobs/photoCheck";
import { watchJob } from "../live/live";
import { FacePhoto } from "../portraits/facePhoto";
import { permitted, refusalOf } from "./permission";
import { photoDigestOf } from "./photoDigest";
import { Refused, refused } from "./refusals";

/** How far one face is on its way into the gallery. */
export type Progress =
  | { at: "sending"; sentBytes: number; totalBytes: number }
  | { at: "waiting"; why: string }
  | { at: "finding" | "adding" }
  /** The photo with its faces, where it was sent from this page: the first of them, the largest, is the one, unless one is to be chosen. */
  | { at: "measuring"; found?: FacePhoto };

/** A face that is in the gallery, and what to know of it: codes that refusals.ts has words for. */
export type Enrolled = EnrolledJson & { warnings: readonly string[] };

export interface EnrolOptions {
  signal: AbortSignal;
  onProgress(progress: Progress): void;
  /** Times that a server which is busy or away is asked, before the face is refused. */
  attempts: number;
}

/** Until the limits of the server are known; the same as its own (gateway/src/requests/limits.ts). */
const BYTES_MAX = 20 * 2 ** 20;
const UNANSWERED: FailureJson = {
  code: "internal",
  message: "The server didn't say what happened to it.",
  retryable: true,
};
/** Ends an enrolment whose last stage has not answered. */
const TOO_LATE: FailureJson = { code: "deadline_exceeded", message: "", retryable: true };
const LOW_QUALITY: FailureJson = { code: "low_quality", message: "", retryable: false };
const BACKOFF_MS = [1_000, 2_000, 4_000, 8_000];

/**
 * The face of a photo, until it is in the gallery.
 * @throws Refused, or the signal's reason
 */
export async function enrolFile(
  file: File,
  source: string,
  enrollee: Enrolment,
  identityId: string | undefined,
  options: EnrolOptions,
): Promise<Enrolled> {
  const { signal, onProgress } = options;
  const photo = await prepared(file, source);
  onProgress({ at: "sending", sentBytes: 0, totalBytes: photo.size });
  const accepted = await sent(
    () =>
      enrolPhoto(photo, { ...enrollee, source }, identityId, {
        signal,
        onProgress: (sentBytes, totalBytes) => onProgress({ at: "sending", sentBytes, totalBytes }),
      }),
    options,
  );
  return follow(accepted, options, photo);
}

/** A face of a finished job. @throws Refused, or the signal's reason */
export async function enrolFaceOfJob(
  source: FaceOfJob,
  enrollee: Enrolment,
  identityId: string | undefined,
  options: EnrolOptions,
): Promise<Enrolled> {
  const accepted = await sent(() => enrolFace(source, enrollee, identityId), options);
  return follow(accepted, options);
}

/**
 * The digest of the photo as it is sent, by which the gallery knows it.
 * @throws Refused where it cannot be read
 */
export async function photoDigestOfFile(file: File, name: string): Promise<string> {
  return photoDigestOf(await prepared(file, name));
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
    "Can't open this file.",
    "Check that it's still there, then choose it again.",
    false,
  );
}

/** Sends again while the server is busy or away, as often as the options allow. */
async function sent<T>(send: () => Promise<T>, { signal, onProgress, attempts }: EnrolOptions): Promise<T> {
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

/** Watches the job to its end; each photo is sent by itself. */
function follow(
  { photos }: EnrolmentOutcomes,
  { signal, onProgress }: EnrolOptions,
  file?: Blob,
): Promise<Enrolled> {
  const [photo] = photos;
  if (!photo || "failure" in photo) throw refused(photo?.failure ?? UNANSWERED);
  const { jobId } = photo.job;
  const warnings = new Set<string>(photo.warnings.map(({ code }) => code));
  onProgress({ at: "finding" });
  return new Promise((resolve, reject) => {
    let sequence = 0;
    const stop = watchJob(jobId, {
      after: () => sequence,
      stages: () => ENROL_STAGES,
      result(at, event) {
        sequence = Math.max(sequence, at);
        apply(event);
      },
      complete: () => reject(refused(warnings.has(LOW_QUALITY.code) ? LOW_QUALITY : TOO_LATE)),
      failure: (why) => reject(refused(why)),
    });
    signal.addEventListener("abort", () => {
      stop();
      reject(signal.reason as Error);
    });

    function apply({ stage, failure, extract, enrol }: ResultEvent): void {
      if (failure) {
        stop();
        const { code, title, help, retryable } = refused(failure);
        reject(new Refused(code, title, help, retryable, jobId));
      } else if (enrol) {
        stop();
        resolve({ ...enrol, warnings: [...warnings] });
      } else if (extract) {
        if (extract.faces[0]?.skipped) warnings.add(LOW_QUALITY.code);
        const found = file && new FacePhoto(extract, file, undefined);
        onProgress({ at: "measuring", ...(found && { found }) });
      } else if (stage === "embed") onProgress({ at: "adding" });
    }
  });
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
