import { spawn, type ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { PHOTO_PIXELS_MAX, StageFailure } from "@similarfaces/contracts";
import type { DecodedPhoto } from "./decodedPhoto.js";
import { DECODER_REFUSED, DECODER_TOO_SLOW, HEAD_BYTES } from "./decoderAnswer.js";
import { tooSlow } from "./decodePixels.js";

const PROGRAM = fileURLToPath(new URL("./decoder.js", import.meta.url));
/** A process that is given no processor at all ends too. */
const CLOCK_MS_MAX = 60_000;
/** What the photo brought about, and would again. */
const CRASHES: readonly (NodeJS.Signals | null)[] = [
  "SIGSEGV",
  "SIGBUS",
  "SIGABRT",
  "SIGFPE",
  "SIGILL",
  "SIGTRAP",
];

/**
 * Decodes in a process of its own, which can be killed, and whose crash ends nothing else. Costs a tenth of a second more.
 * @param processorSecondsMax of the decoding process, so that a busy machine does not count
 * @throws StageFailure undecodable_image; Error where the process was ended from outside, which is worth another attempt
 */
export async function decodeApart(
  bytes: Uint8Array,
  processorSecondsMax: number,
  signal?: AbortSignal,
): Promise<DecodedPhoto> {
  const started = performance.now();
  const decoder = spawn(process.execPath, [PROGRAM, String(processorSecondsMax)], {
    stdio: ["pipe", "pipe", "ignore"],
    // It parses what strangers sent: no secret is in its reach.
    env: {},
    timeout: CLOCK_MS_MAX,
    killSignal: "SIGKILL",
    ...(signal ? { signal } : {}),
  });
  const ended = endOf(decoder);
  // A decoder that has ended reads no more, and its end says why.
  decoder.stdin.on("error", () => {}).end(bytes);
  const [photo, { code, endedBy }] = await Promise.all([readPhoto(decoder.stdout), ended]);
  if (code === 0 && photo) return photo;
  if (endedBy === DECODER_TOO_SLOW || performance.now() - started >= CLOCK_MS_MAX) throw tooSlow();
  const cause = new Error(`the decoder ended with ${endedBy ?? code}`);
  if (code === DECODER_REFUSED || CRASHES.includes(endedBy)) {
    throw new StageFailure("undecodable_image", undefined, { cause });
  }
  throw cause;
}

function endOf(decoder: ChildProcess): Promise<{ code: number | null; endedBy: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    decoder.once("error", reject);
    decoder.once("close", (code, endedBy) => resolve({ code, endedBy }));
  });
}

/** Undefined where less came than a photo. */
async function readPhoto(answer: Readable): Promise<DecodedPhoto | undefined> {
  let head = Buffer.alloc(0);
  let photo: DecodedPhoto | undefined;
  let filled = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    let rest = chunk;
    if (!photo) {
      head = Buffer.concat([head, chunk]);
      if (head.length < HEAD_BYTES) continue;
      photo = emptyPhoto(head);
      rest = head.subarray(HEAD_BYTES);
    }
    photo.pixels.set(rest, filled);
    filled += rest.length;
  }
  return photo && filled === photo.pixels.length ? photo : undefined;
}

function emptyPhoto(head: Buffer): DecodedPhoto {
  const field = (index: number) => head.readUInt32LE(4 * index);
  const [width, height] = [field(0), field(1)];
  if (width * height > PHOTO_PIXELS_MAX) throw new RangeError("no decoder is given that many pixels");
  return {
    pixels: new Uint8Array(width * height * 3),
    width,
    height,
    decoded: { left: field(2), top: field(3), width: field(4), height: field(5) },
    isTruncated: field(6) === 1,
  };
}
