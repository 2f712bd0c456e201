import type { FailureJson } from "@similarfaces/contracts/job";
import type {
  About,
  AcceptedJob,
  DeletionReceipt,
  EnrolmentOutcomes,
  FailureBody,
  GalleryReceipt,
  Identity,
  IdentityPage,
  Job,
  Statistics,
  Status,
} from "@similarfaces/contracts/api";
import { apiKey } from "./apiKey";
import { asGuest, learnShare, withShare } from "./shares";

/** The only network of the page. Every function throws ApiFailure and nothing else, but for an abort. */

/** What the gateway answered instead, by a code of contracts/src/failure.ts, or `offline` where it did not answer at all. */
export class ApiFailure extends Error {
  override readonly name = "ApiFailure";
  readonly code: string;
  readonly retryable: boolean;
  /** As the gateway asks, 0 where it does not say. */
  readonly retryAfterMs: number;

  constructor({ code, message, retryable }: FailureJson, retryAfterMs = 0) {
    super(message);
    this.code = code;
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
  }
}

export const OFFLINE: FailureJson = {
  code: "offline",
  message: "The server cannot be reached. Nothing is lost; it is tried again by itself.",
  retryable: true,
};

// Jobs

export interface UploadOptions {
  signal: AbortSignal;
  /** Bytes on their way, of how many. */
  onProgress(sentBytes: number, totalBytes: number): void;
}

/** Sends a photo as it is. */
export const uploadPhoto = (photo: Blob, options: UploadOptions) =>
  upload<AcceptedJob>("/v1/jobs", photo, { "content-type": "application/octet-stream" }, options);

/** XMLHttpRequest, because fetch tells no upload progress. */
function upload<T>(
  path: string,
  body: XMLHttpRequestBodyInit,
  headers: Record<string, string>,
  { signal, onProgress }: UploadOptions,
): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const request = new XMLHttpRequest();
    request.open("POST", path);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(loaded, total));
    request.addEventListener("load", () => {
      if (request.status === 202) resolve(JSON.parse(request.responseText) as T);
      else reject(failureFrom(request.responseText, request.getResponseHeader("retry-after")));
    });
    request.addEventListener("error", () => reject(new ApiFailure(OFFLINE)));
    request.addEventListener("abort", () => reject(signal.reason));
    signal.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

export const getJob = (jobId: string, signal?: AbortSignal) =>
  ask<Job>(withShare(jobId, `/v1/jobs/${encodeURIComponent(jobId)}`), signal ? { signal } : {});

export const deleteJob = (jobId: string) =>
  ask<DeletionReceipt>(`/v1/jobs/${encodeURIComponent(jobId)}`, { method: "DELETE" });

/** A picture that this page shows, as bytes. */
export async function fetchPicture(path: string): Promise<Blob> {
  return (await send(path, {})).blob();
}

export const jobUrl = (jobId: string) => withShare(jobId, `/v1/jobs/${jobId}`);
export const photoUrl = (jobId: string) => withShare(jobId, `/v1/jobs/${jobId}/photo.jpg`);
/** All faces one below the other. */
export const facesUrl = (jobId: string) => withShare(jobId, `/v1/jobs/${jobId}/faces.jpg`);
export const faceUrl = (jobId: string, face: number) =>
  withShare(jobId, `/v1/jobs/${jobId}/faces/${face}.jpg`);

// Live results; live.ts decides which of these is used.

export function openSocket(): WebSocket {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return new WebSocket(`${scheme}://${location.host}${asGuest("/v1/live")}`);
}

export function openEvents(jobId: string, after: number): EventSource {
  return new EventSource(withShare(jobId, `/v1/jobs/${jobId}/events?after=${after}`));
}

// Gallery. What changes it carries the key, if one was given.

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
}

/**
 * A new person, or one more face of one (`identityId`), by the largest face of a photo, which becomes a job whose last stage
 * is `enrol`. `source` is kept with the face.
 */
export function enrolPhoto(
  photo: Blob,
  { name, consent, source }: Enrolment & { source: string },
  identityId: string | undefined,
  options: UploadOptions,
) {
  const form = new FormData();
  if (!identityId) form.set("name", name);
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

/** A face of a finished job. */
export function enrolFace(
  source: { jobId: string; face: number },
  { name, consent }: Enrolment,
  identityId?: string,
) {
  const body = { ...source, consent, ...(identityId ? {} : { name }) };
  return ask<EnrolmentOutcomes>(enrolPath(identityId), json("POST", body)).then(learnShares);
}

export const renameIdentity = (id: string, name: string) =>
  ask<Identity>(identityPath(id), json("PATCH", { name }));

export const mergeIdentity = (id: string, into: string) =>
  ask<Identity>(`${identityPath(id)}/merge`, json("POST", { into }));

export const deleteIdentity = (id: string) => ask<GalleryReceipt>(identityPath(id), { method: "DELETE" });

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
 * The whole export; fetched rather than linked to, because a link carries no key. What fails in the middle is said by its last
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

// The installation

export const getAbout = () => ask<About>(asGuest("/v1/about"));
export const getStatus = () => ask<Status>("/v1/status");

async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  return (await (await send(path, init)).json()) as T;
}

async function send(path: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  if (path.startsWith("/v1/gallery")) {
    for (const [name, value] of Object.entries(keyHeader())) headers.set(name, value);
  }
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers });
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new ApiFailure(OFFLINE);
  }
  if (!response.ok) throw failureFrom(await response.text(), response.headers.get("retry-after"));
  return response;
}

function json(method: string, body: object): RequestInit {
  return { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

/** What changes the gallery needs the key, where the gateway has one. */
function keyHeader(): Record<string, string> {
  // What cannot be sent in a header is not the key: it is refused like a wrong one.
  return /^[\x20-\x7e]+$/.test(apiKey()) ? { authorization: `Bearer ${apiKey()}` } : {};
}

const identityPath = (id: string) => `/v1/gallery/identities/${encodeURIComponent(id)}`;
const enrolPath = (identityId?: string) =>
  identityId ? `${identityPath(identityId)}/faces` : "/v1/gallery/identities";

/** A proxy in between answers in its own words, which say nothing to a person. */
function failureFrom(text: string, retryAfter: string | null): ApiFailure {
  const retryAfterMs = Number(retryAfter ?? 0) * 1_000;
  try {
    return new ApiFailure((JSON.parse(text) as FailureBody).failure, retryAfterMs);
  } catch {
    return new ApiFailure(
      {
        code: "unavailable",
        message: "The server gave no answer that makes sense. Try again.",
        retryable: true,
      },
      retryAfterMs,
    );
  }
}

export function failureOf(error: unknown): FailureJson {
  if (error instanceof ApiFailure) {
    return { code: error.code, message: error.message, retryable: error.retryable };
  }
  throw error;
}
