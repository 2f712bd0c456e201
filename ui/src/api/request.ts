import type { FailureBody } from "@similarfaces/contracts/api";
import type { FailureJson } from "@similarfaces/contracts/job";
import { apiKey } from "../apiKey";

/** All requests of the page go through the files of this folder. Every function throws ApiFailure, or the reason of an abort. */

/** What the gateway answered instead, by a code of contracts/src/failure.ts, or `offline` where it did not answer at all. */
export class ApiFailure extends Error {
  override readonly name = "ApiFailure";
  readonly code: string;
  readonly retryable: boolean;
  /** From the Retry-After header; 0 without one. */
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
  message: "Can't reach the server. Nothing is lost, and this page keeps trying.",
  retryable: true,
};

export interface UploadOptions {
  signal: AbortSignal;
  /** Bytes on their way, of how many. */
  onProgress(sentBytes: number, totalBytes: number): void;
}

/** XMLHttpRequest, because fetch has no upload progress. */
export function upload<T>(
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

export async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  return (await (await send(path, init)).json()) as T;
}

export async function send(path: string, init: RequestInit): Promise<Response> {
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

export function json(method: string, body: object): RequestInit {
  return { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

/** What changes the gallery needs the key, where the gateway has one. */
export function keyHeader(): Record<string, string> {
  // What cannot be sent in a header is not the key: it is refused like a wrong one.
  return /^[\x20-\x7e]+$/.test(apiKey()) ? { authorization: `Bearer ${apiKey()}` } : {};
}

/** A proxy in between answers with a page of its own, which helps nobody here. */
export function failureFrom(text: string, retryAfter: string | null): ApiFailure {
  const retryAfterMs = Number(retryAfter ?? 0) * 1_000;
  try {
    return new ApiFailure((JSON.parse(text) as FailureBody).failure, retryAfterMs);
  } catch {
    return new ApiFailure(
      {
        code: "unavailable",
        message: "The server's answer made no sense. Please try again.",
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
