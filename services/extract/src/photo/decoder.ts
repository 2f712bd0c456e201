import { buffer } from "node:stream/consumers";
import { DECODER_REFUSED, DECODER_TOO_SLOW, HEAD_BYTES } from "./decoderAnswer.js";
import { decodePixels } from "./decodePixels.js";

/**
 * Decodes one photo from standard input to standard output (decoderAnswer.ts). Exits with DECODER_REFUSED where it cannot be decoded, and
 * ends itself with DECODER_TOO_SLOW once that has taken more seconds of processor time than its argument allows.
 */
const secondsMax = Number(process.argv[2]);
const CHECK_EVERY_MS = 20;

// A terminal's Ctrl-C reaches this process too; the stage, which drains, ends it where it is not wanted any more.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});

const upload = await buffer(process.stdin);
const before = process.cpuUsage();
const watch = setInterval(() => {
  const { user, system } = process.cpuUsage(before);
  // Exiting would wait for the thread that decodes.
  if ((user + system) / 1e6 > secondsMax) process.kill(process.pid, DECODER_TOO_SLOW);
}, CHECK_EVERY_MS);
try {
  const { pixels, width, height, decoded, isTruncated } = await decodePixels(upload);
  const head = Buffer.alloc(HEAD_BYTES);
  const fields = [
    width,
    height,
    decoded.left,
    decoded.top,
    decoded.width,
    decoded.height,
    Number(isTruncated),
  ];
  for (const [i, field] of fields.entries()) head.writeUInt32LE(field, 4 * i);
  process.stdout.write(head);
  process.stdout.write(pixels);
} catch {
  process.exitCode = DECODER_REFUSED;
}
clearInterval(watch);
