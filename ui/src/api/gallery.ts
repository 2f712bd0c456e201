import type {
  GalleryDeletion,
  EnrolmentOutcomes,
  GalleryReceipt,
  Identity,
  IdentityPage,
  Statistics,
} from "@similarfaces/contracts/api";
import { learnShare } from "../shares";
import {
  ApiFailure,
  OFFLINE,
  ask,
  failureFrom,
  json,
  keyHeader,
  send,
  upload,
  type UploadOptions,
} from "./request";

/** The gallery. What changes it carries the key, if one was given. */

export interface ListOptions {
  name?: string;
  pageSize?: number;
  pageToken?: string;
}

export function listIdentities({ name = "", pageSize = 48, pageToken = "" }: ListOptions = {}) {
  const query = new URLSearchParams({ name, pageSize: String(pageSize), pageToken });
  return ask<IdentityPage>(`/v1/gallery/identities?${query}`);
}

export const getIdentity = (id: string) => ask<Identity>(identityPath(id));
export const galleryStatistics = () => ask<Statistics>("/v1/gallery/statistics");
export const portraitUrl = (faceId: string) => `/v1/gallery/faces/${faceId}.jpg`;

export interface Enrolment {
  name: string;
  consent: string;
  /** Somebody new, though another has the name. */
  isNamesake?: boolean;
}

/**
 * A new person, or one more face of one (`identityId`), by the face of a photo, which becomes a job whose last stage
 * is `enrol`. `source` is kept with the face.
 */
export function enrolPhoto(
  photo: Blob,
  { name, consent, source, isNamesake = false }: Enrolment & { source: string },
  identityId: string | undefined,
  options: UploadOptions,
) {
  const form = new FormData();
  if (!identityId) form.set("name", name);
  form.set("new", String(isNamesake));
  form.set("consent", consent);
  form.set("source", source);
  form.set("photo", photo, "photo");
  return upload<EnrolmentOutcomes>(enrolPath(identityId), form, keyHeader(), options).then(learnShares);
}

/** The jobs belong to the key, which a socket does not carry. */
function learnShares(enrolment: EnrolmentOutcomes): EnrolmentOutcomes {
  for (const photo of enrolment.photos) if ("job" in photo) learnShare(photo.job.links.share);
  return enrolment;
}

/** A face of a finished job, and of which photo it is. */
export interface FaceOfJob {
  jobId: string;
  face: number;
  /** What the gallery is to say of where it came from. */
  source?: string;
  /** By which it is to know that photo, where it was sent from this page. */
  photoDigest?: string;
}

export function enrolFace(
  face: FaceOfJob,
  { name, consent, isNamesake = false }: Enrolment,
  identityId?: string,
) {
  const body = { ...face, consent, new: isNamesake, ...(identityId ? {} : { name }) };
  return ask<EnrolmentOutcomes>(enrolPath(identityId), json("POST", body)).then(learnShares);
}

export const renameIdentity = (id: string, name: string) =>
  ask<Identity>(identityPath(id), json("PATCH", { name }));

export const mergeIdentity = (id: string, into: string) =>
  ask<Identity>(`${identityPath(id)}/merge`, json("POST", { into }));

export const deleteIdentity = (id: string) => ask<GalleryDeletion>(identityPath(id), { method: "DELETE" });

export const deleteFace = (faceId: string) =>
  ask<GalleryReceipt>(`/v1/gallery/faces/${encodeURIComponent(faceId)}`, { method: "DELETE" });

/** Lines of an export (NDJSON). */
export const importGallery = (lines: Blob) =>
  ask<GalleryReceipt>("/v1/gallery/import", {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: lines,
  });

/**
 * The whole export; fetched rather than linked to, because a link carries no key. A failure in the middle is its last
 * line.
 */
export async function exportGallery(onBytes: (bytes: number) => void): Promise<Blob> {
  const reader = (await send("/v1/gallery/export", {})).body!.getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new ApiFailure(OFFLINE);
    });
    if (done) break;
    chunks.push(value);
    onBytes((bytes += value.length));
  }
  const whole = new Blob(chunks, { type: "application/x-ndjson" });
  const end = await whole.slice(-FAILURE_LINE_BYTES).text();
  const lastLine = end.trimEnd().split("\n").at(-1) ?? "";
  if (lastLine.startsWith('{"failure"')) throw failureFrom(lastLine, null);
  return whole;
}

/** More than a failure's line has. */
const FAILURE_LINE_BYTES = 4_096;

const identityPath = (id: string) => `/v1/gallery/identities/${encodeURIComponent(id)}`;
const enrolPath = (identityId?: string) =>
  identityId ? `${identityPath(identityId)}/faces` : "/v1/gallery/identities";
