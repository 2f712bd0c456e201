import { buffer } from "node:stream/consumers";
import { DECODER_REFUSED, DECODER_TOO_SLOW, SIZE_BYTES } from "./decoderAnswer.js";
import { decodePixels } from "./decodePixels.js";

/**
 * Decodes one photo from standard input to standard output. It says with its exit code where that cannot be done, and ends itself where it takes
 * more processor time than its argument says, seconds.
 */
const secondsMax = Number(process.argv[2]);
const LOOK_EVERY_MS = 20;

// A terminal's Ctrl-C is for everybody; what is under way may end, and whoever asked calls it off if not.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});

const upload = await buffer(process.stdin);
const before = process.cpuUsage();
const watch = setInterval(() => {
  const { user, system } = process.cpuUsage(before);
  // Exiting would wait for the thread that decodes.
  if ((user + system) / 1e6 > secondsMax) process.kill(process.pid, DECODER_TOO_SLOW);
}, LOOK_EVERY_MS);
try {
  const { pixels, width, height } = await decodePixels(upload);
  const size = Buffer.alloc(SIZE_BYTES);
  size.writeUInt32LE(width, 0);
  size.writeUInt32LE(height, 4);
  process.stdout.write(size);
  process.stdout.write(pixels);
} catch {
  process.exitCode = DECODER_REFUSED;
}
clearInterval(watch);
