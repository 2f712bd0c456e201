import { spawn, type ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { PHOTO_PIXELS_MAX, StageFailure } from "@similarfaces/contracts";
import type { Picture } from "@similarfaces/vision";
import { DECODER_REFUSED, DECODER_TOO_SLOW, SIZE_BYTES } from "./decoderAnswer.js";
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
): Promise<Picture> {
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
  const [picture, { code, endedBy }] = await Promise.all([readPicture(decoder.stdout), ended]);
  if (code === 0 && picture) return picture;
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

/** Undefined where less came than a picture. */
async function readPicture(answer: Readable): Promise<Picture | undefined> {
  let head = Buffer.alloc(0);
  let picture: Picture | undefined;
  let filled = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    let rest = chunk;
    if (!picture) {
      head = Buffer.concat([head, chunk]);
      if (head.length < SIZE_BYTES) continue;
      const width = head.readUInt32LE(0);
      const height = head.readUInt32LE(4);
      if (width * height > PHOTO_PIXELS_MAX) throw new RangeError("no decoder is given that many pixels");
      picture = { pixels: new Uint8Array(width * height * 3), width, height };
      rest = head.subarray(SIZE_BYTES);
    }
    picture.pixels.set(rest, filled);
    filled += rest.length;
  }
  return picture && filled === picture.pixels.length ? picture : undefined;
}
