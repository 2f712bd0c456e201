import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PackError } from "../packs/manifest.js";

export interface Download {
  /** http or https. */
  url: string;
  /** Where the file shall lie; it appears there only when its digest is right. */
  path: string;
  bytes: number;
  sha256: string;
  /** Bytes that are there, of `bytes`. */
  onProgress?: ((bytes: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

const ATTEMPTS = 4;
/** A server that sends nothing for this long is given up on, and asked again. */
const SILENCE_MS = 20_000;

/**
 * Fetches a file into `<path>.part`, going on where an earlier attempt or run left off, and renames it when its digest
 * is the expected one. Cut connections, 429 and 5xx are tried again; what does not match is deleted.
 * @throws PackError
 */
export async function download(request: Download): Promise<void> {
  const { url, path, signal } = request;
  const part = `${path}.part`;
  await mkdir(dirname(path), { recursive: true });
  for (let attempt = 1; ; attempt++) {
    try {
      await fetchRest(request, part);
      break;
    } catch (cause) {
      if (cause instanceof PackError || signal?.aborted || attempt === ATTEMPTS) {
        throw cause instanceof PackError ? cause : new PackError(`${url}: ${reasonOf(cause)}`, { cause });
      }
      await delay(500 * 2 ** attempt, undefined, signal ? { signal } : {});
    }
  }
  await verifyAndPlace(request, part);
}

/** Deletes `part` and throws where size or digest is not the expected one; else renames it to `path`. @throws PackError */
export async function verifyAndPlace(
  { url, path, bytes, sha256 }: Pick<Download, "url" | "path" | "bytes" | "sha256">,
  part: string,
): Promise<void> {
  const size = await sizeOf(part);
  const digest = await digestOf(part);
  if (size !== bytes || digest !== sha256) {
    await rm(part, { force: true });
    throw new PackError(
      size === bytes
        ? `${url}: its SHA-256 is ${digest}, the manifest's field sha256 says ${sha256}; it was not kept`
        : `${url}: has ${size} bytes, the manifest's field bytes says ${bytes}; it was not kept`,
    );
  }
  await rename(part, path);
}

async function fetchRest({ url, bytes, onProgress, signal }: Download, part: string): Promise<void> {
  let there = await sizeOf(part);
  if (there > bytes) {
    await rm(part);
    there = 0;
  }
  onProgress?.(there);
  if (there === bytes) return;
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Error("the server fell silent")), SILENCE_MS);
  const response = await fetch(url, {
    headers: there > 0 ? { range: `bytes=${there}-` } : {},
    signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
  }).finally(() => timer.refresh());
  try {
    refuse(url, response);
    const goesOn =
      response.status === 206 && response.headers.get("content-range")?.startsWith(`bytes ${there}-`);
    if (!goesOn) there = 0;
    await using file = await open(part, goesOn ? "a" : "w");
    for await (const chunk of response.body ?? []) {
      timer.refresh();
      there += chunk.byteLength;
      if (there > bytes) {
        throw new PackError(`${url}: is longer than the ${bytes} bytes of the manifest's field bytes`);
      }
      await file.write(chunk);
      onProgress?.(there);
    }
    if (there < bytes) throw new Error(`the connection ended after ${there} of ${bytes} bytes`);
  } finally {
    clearTimeout(timer);
  }
}

/** @throws PackError for what another attempt would not mend, Error for what it may */
function refuse(url: string, { status, ok }: Response): void {
  if (ok) return;
  if (status === 429 || status >= 500) throw new Error(`the server answered ${status}`);
  throw new PackError(`${url}: the server answered ${status}`);
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** The message of fetch's errors is "fetch failed"; the reason is their cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  return cause instanceof Error && cause.message !== "" ? `${message} (${cause.message})` : message;
}
