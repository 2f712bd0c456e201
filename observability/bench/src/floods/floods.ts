import { availableParallelism } from "node:os";
import { dealFrom, runFlood, type MixPhoto } from "@similarfaces/load";
import { closedLoop } from "../closedLoop.js";
import { median } from "../percentiles.js";
import { IN_FLIGHT_PER_WORKER } from "../cost.js";
import { analyseUnread } from "../analyseUnread.js";
import { floodFigures, type FloodFigures } from "./figures.js";

export interface FloodsOptions {
  /** A gateway of this machine that does nothing else. */
  url: string;
  mix: readonly MixPhoto[];
  /** What is offered, in capacities: 10 is ten times what a closed loop gets done. */
  factors: readonly number[];
  /** Of each flood. */
  floodMs: number;
  /** Of each closed loop. */
  loopMs: number;
  seed?: number;
  onFigures?: (figures: FloodFigures) => void;
}

export interface FloodsReport {
  /** Photos per second of a closed loop that has the machine to itself: the capacity that the factors are of. */
  capacityPerSecond: number;
  floods: FloodFigures[];
}

/** After a flood the queue empties for as long as a photo may wait; then one visitor must be served as if nothing had been. */
const RECOVERY_MS = 8_000;
const IDLE_PHOTOS = 20;

/**
 * Floods a mesh: at each factor a closed loop beside as many requests as the flood will have refused, for generator and mesh share
 * the cores; then the flood; then a single visitor.
 */
export async function benchFloods(options: FloodsOptions): Promise<FloodsReport> {
  const { url, mix, factors, floodMs, loopMs, seed = 1, onFigures } = options;
  const inFlight = IN_FLIGHT_PER_WORKER * availableParallelism();
  const deal = dealFrom(mix);
  const analyse = () => analyseUnread(url, deal().bytes);
  await closedLoop(inFlight, loopMs / 2, analyse);
  const { perSecond: capacityPerSecond } = await closedLoop(inFlight, loopMs, analyse);
  const floods: FloodFigures[] = [];
  for (const factor of factors) {
    const idleBefore = await idleMs(url, mix);
    const refusing = { url, mix, seed, perSecond: capacityPerSecond * (factor - 1) };
    const closed = await closedLoopBeside(refusing, () => closedLoop(inFlight, loopMs, analyse));
    const perSecond = capacityPerSecond * factor;
    const photos = await runFlood({ url, mix, perSecond, durationMs: floodMs, seed });
    await new Promise((resolve) => setTimeout(resolve, RECOVERY_MS));
    const idle = { before: idleBefore, after: await idleMs(url, mix) };
    const figures = floodFigures(photos, {
      factor,
      perSecond,
      floodMs,
      closedPerSecond: closed.perSecond,
      idle,
    });
    onFigures?.(figures);
    floods.push(figures);
  }
  return { capacityPerSecond, floods };
}

/** A closed loop, and beside it a flood of which nothing is accepted: it asks for a stage that does not exist, which admission refuses as it refuses overload. */
async function closedLoopBeside<T>(
  refusing: { url: string; mix: readonly MixPhoto[]; perSecond: number; seed: number },
  loop: () => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const flood = runFlood({ ...refusing, durationMs: 3_600_000, query: "stages=none", signal: ending.signal });
  try {
    return await loop();
  } finally {
    ending.abort();
    await flood;
  }
}

/** Until a single visitor has all results: milliseconds, the median. */
async function idleMs(url: string, mix: readonly MixPhoto[]): Promise<number> {
  const took: number[] = [];
  for (let turn = 0; turn < IDLE_PHOTOS; turn++) {
    const startedAtMs = performance.now();
    await analyseUnread(url, mix[turn % mix.length]!.bytes);
    took.push(performance.now() - startedAtMs);
  }
  return median(took);
}
