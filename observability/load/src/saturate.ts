import { seededRandom } from "./arrivals.js";
import { checkedLoopback } from "./loopback.js";
import { drawFrom, type MixPhoto } from "./mix.js";
import { summarise, type LoadReport } from "./report.js";
import { visit, type Visit } from "./viewer.js";

export interface SaturateOptions {
  url: string;
  mix: readonly MixPhoto[];
  durationMs: number;
  /** Before the time counts: until the first photos are through, the system is not full. */
  rampMs?: number | undefined;
  /** Photos under way at once: enough that nobody waits for work, few enough that none nears its deadline. */
  inFlight?: number | undefined;
  seed?: number | undefined;
}

/**
 * As many photos as can be answered: the next is sent when one is done (a closed loop). Good for throughput only; what latency is
 * worth is measured by `runLoad`, below what this finds. The rates are of what was answered after the ramp and before the end;
 * everything else in the report is of all photos.
 * @throws RangeError where the gateway is not on the loopback interface
 */
export async function saturate(options: SaturateOptions): Promise<LoadReport> {
  const { mix, durationMs, rampMs = 3_000, inFlight = 16, seed = 1 } = options;
  const url = checkedLoopback(options.url);
  const draw = drawFrom(mix, seededRandom(seed));
  const countsFromMs = performance.now() + rampMs;
  const endAtMs = countsFromMs + durationMs;
  const visits: Visit[] = [];
  const counted: Visit[] = [];
  const lane = async () => {
    while (performance.now() < endAtMs) {
      const done = await visit(url, draw().bytes, "sse", performance.now());
      visits.push(done);
      if (performance.now() >= countsFromMs && performance.now() <= endAtMs) counted.push(done);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const { completedPerSecond, facesPerSecond } = summarise(counted, 0, durationMs);
  // A closed loop offers what is answered.
  return { ...summarise(visits, completedPerSecond, durationMs), completedPerSecond, facesPerSecond };
}
