import { Agent } from "node:http";
import { poissonArrivalsMs, seededRandom } from "./arrivals.js";
import { checkedLoopback } from "./loopback.js";
import { drawFrom, type MixPhoto } from "./mix.js";
import { sendUnread, type Sent } from "./sendUnread.js";

export interface FloodOptions {
  /** The gateway, on this machine. */
  url: string;
  mix: readonly MixPhoto[];
  perSecond: number;
  durationMs: number;
  /** Of the requests: `stages=none` makes all of them refused, at the same cost. */
  query?: string | undefined;
  /** Share of photos that come on a connection of their own; the others' connections are kept. */
  freshShare?: number | undefined;
  seed?: number | undefined;
  /** Ends the sending early. */
  signal?: AbortSignal | undefined;
}

/** One photo of a flood. Milliseconds; `dueMs` counts from the flood's beginning, `tookMs` from when it was due. */
export interface FloodPhoto extends Sent {
  dueMs: number;
  tookMs: number;
}

/** Few enough that a minute of a hard flood leaves ports for others: a closed connection keeps its own for a minute. */
const FRESH_SHARE = 0.1;

/**
 * Sends photos on an open-loop schedule whatever becomes of them, and waits for the end of all that were accepted, reading as little as
 * can be: what the generator takes of the cores is taken from the mesh beside it.
 * @throws RangeError where the gateway is not on the loopback interface
 */
export async function runFlood(options: FloodOptions): Promise<FloodPhoto[]> {
  const { mix, perSecond, durationMs, query = "", freshShare = FRESH_SHARE, seed = 1, signal } = options;
  const address = new URL(`/v1/jobs?${query}`, checkedLoopback(options.url));
  const random = seededRandom(seed);
  const draw = drawFrom(mix, random);
  const kept = new Agent({ keepAlive: true });
  const startedAtMs = performance.now();
  const photos: Promise<FloodPhoto>[] = [];
  for (const dueMs of poissonArrivalsMs(perSecond, durationMs, random)) {
    const { bytes } = draw();
    const agent = random() < freshShare ? undefined : kept;
    await sleepUntil(startedAtMs + dueMs);
    if (signal?.aborted) break;
    photos.push(
      sendUnread(address, bytes, agent).then((sent) => ({
        ...sent,
        dueMs,
        tookMs: performance.now() - startedAtMs - dueMs,
      })),
    );
  }
  const all = await Promise.all(photos);
  kept.destroy();
  return all;
}

/** Those that are due within the same turn of the event loop go together: a timer lasts a millisecond at least. */
function sleepUntil(atMs: number): Promise<void> | undefined {
  const leftMs = atMs - performance.now();
  return leftMs <= 0 ? undefined : new Promise((resolve) => setTimeout(resolve, leftMs));
}
