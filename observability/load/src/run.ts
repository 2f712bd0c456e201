import { poissonArrivalsMs, seededRandom } from "./arrivals.js";
import { checkedLoopback } from "./loopback.js";
import { drawFrom, type MixPhoto } from "./mix.js";
import { summarise, type LoadReport } from "./report.js";
import { visit, type Transport, type Visit } from "./viewer.js";

export interface LoadOptions {
  /** The gateway, on this machine. */
  url: string;
  mix: readonly MixPhoto[];
  perSecond: number;
  durationMs: number;
  /** Share of visitors that watch by WebSocket; the others by server-sent events. */
  webSocketShare?: number;
  seed?: number | undefined;
}

/**
 * Sends photos on an open-loop schedule and waits for every answer.
 * @throws RangeError where the gateway is not on the loopback interface: this is no tool against other people's servers
 */
export async function runLoad(options: LoadOptions): Promise<LoadReport> {
  const { mix, perSecond, durationMs, webSocketShare = 0.5, seed = 1 } = options;
  const url = checkedLoopback(options.url);
  const random = seededRandom(seed);
  const arrivals = poissonArrivalsMs(perSecond, durationMs, random);
  const draw = drawFrom(mix, random);
  const startedAtMs = performance.now();
  const visits: Promise<Visit>[] = [];
  for (const arrivalMs of arrivals) {
    const photo = draw();
    const transport: Transport = random() < webSocketShare ? "websocket" : "sse";
    const dueAtMs = startedAtMs + arrivalMs;
    await sleepUntil(dueAtMs);
    visits.push(visit(url, photo.bytes, transport, dueAtMs));
  }
  const done = await Promise.all(visits);
  return summarise(done, perSecond, performance.now() - startedAtMs);
}

function sleepUntil(atMs: number): Promise<void> {
  const leftMs = atMs - performance.now();
  return leftMs <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, leftMs));
}
