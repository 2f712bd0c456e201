import type { HttpReply } from "../http/http.js";

/** JSON that is not cached: it may be outdated a moment later. */
export function jsonReply<Body extends object>(
  status: number,
  value: Body,
  headers: Record<string, string> = {},
): HttpReply {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", "cache-control": "no-store", ...headers },
    body: `${JSON.stringify(value)}\n`,
  };
}

export function textReply(status: number, text: string): HttpReply {
  return {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
    body: `${text}\n`,
  };
}

/** A photo, which no cache may keep longer than the job lives. */
export function jpegReply(bytes: Uint8Array): HttpReply {
  return { status: 200, headers: { "content-type": "image/jpeg", "cache-control": "no-store" }, body: bytes };
}
