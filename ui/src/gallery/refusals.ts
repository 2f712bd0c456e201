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
  several_faces: [
    "There are several faces in this photo.",
    "Pick the one you mean, or use a photo of this person alone.",
  ],
  identity_exists: [
    "Somebody with this name is already in the gallery.",
    "Add the face to them, or say that this is somebody else.",
  ],
  no_face: ["There's no face in this photo.", "Use one that shows the face clearly."],
  undecodable_image: ["The file is damaged.", "Export it again, or use another photo."],
  unreadable_image: ["The file is damaged.", "Export it again, or use another photo."],
  unsupported_type: ["Can't open this file."],
  empty_body: ["The file is empty."],
  body_too_large: ["The photo is too big."],
  image_too_large: ["The photo has too many pixels."],
  invalid_name: ["That name can't be used."],
  consent_required: ["It doesn't say who agreed."],
  unauthorized: ["You can't change this gallery."],
  forbidden: ["You can't change this gallery."],
  identity_not_found: ["This person is no longer in the gallery.", "Add them as a new person."],
  face_not_found: ["This face is gone.", "Analyse the photo again."],
  job_expired: ["The answers have been deleted; their time was up.", "Analyse the photo again."],
  job_deleted: ["The photo has been deleted.", "Analyse the photo again."],
  job_not_found: ["That photo isn't here.", "Analyse the photo again."],
  gallery_unavailable: ["The gallery isn't answering.", "Try again in a moment."],
  gallery_full: ["The gallery is full.", "Delete faces that nobody needs, or give it more space."],
  low_quality: ["The face is too small or blurred.", "Use a larger or sharper photo."],
  deadline_exceeded: ["It took too long.", "The server was too busy. Try again."],
  overloaded: ["The server is busy.", "Try again in a moment."],
  offline: ["Can't reach the server.", "Check your connection, then try again."],
};

export function refused({ code, message, retryable }: FailureJson, why = message): Refused {
  const [title, help] = WORDS[code] ?? ["It wasn't added."];
  return new Refused(code, title, help ?? why, retryable);
}

/** Shown beside a face that was added all the same. */
const WARNINGS: Readonly<Record<string, string>> = {
  low_quality: "It's small or blurred, so it will be hard to recognise. Add a better photo too.",
};

export const warningWords = (codes: readonly string[]): string =>
  codes.flatMap((code) => WARNINGS[code] ?? []).join(" ");
