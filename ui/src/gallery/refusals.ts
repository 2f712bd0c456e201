import type { FailureJson } from "@similarfaces/contracts/job";

/** A face that is not in the gallery, and why: what happened, and what to do next. */
export class Refused extends Error {
  override readonly name = "Refused";
  constructor(
    readonly code: string,
    readonly title: string,
    readonly help: string,
    readonly retryable: boolean,
    /** Of a photo with several faces: the job that has them. */
    readonly jobId?: string,
  ) {
    super(title);
  }
}

/** What happened, and what to do; without the second, the failure's own message is shown. */
const WORDS: Readonly<Record<string, [title: string, help?: string]>> = {
  several_faces: ["The photo has several faces.", "Use a photo of this person alone, or add one face of it."],
  identity_exists: [
    "Somebody of this name is in the gallery.",
    "Add the face to them, or say that this is somebody else.",
  ],
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
  low_quality: ["The face is too small or blurred.", "Use a larger or sharper photo."],
  deadline_exceeded: ["It took too long.", "The server was too busy for this photo. Try it again."],
  overloaded: ["The server is busy.", "Try it again in a moment."],
  offline: ["The server cannot be reached.", "Check the connection, then try it again."],
};

export function refused({ code, message, retryable }: FailureJson, why = message): Refused {
  const [title, help] = WORDS[code] ?? ["It was not added."];
  return new Refused(code, title, help ?? why, retryable);
}

/** Shown beside a face that was added all the same. */
const WARNINGS: Readonly<Record<string, string>> = {
  low_quality: "It is small or blurred here, so comparisons with it will be weak. Add a better photo.",
};

export const warningWords = (codes: readonly string[]): string =>
  codes.flatMap((code) => WARNINGS[code] ?? []).join(" ");
