import type { MixPhoto } from "./mix.js";
import { saturate } from "./saturate.js";

export interface CompareOptions {
  /** Gateways of two meshes that differ in one thing. */
  base: string;
  other: string;
  mix: readonly MixPhoto[];
  /** Of one run on one of them. */
  durationMs: number;
  rampMs?: number;
  rounds?: number;
  inFlight?: number;
}

export interface Comparison {
  basePerSecond: number;
  otherPerSecond: number;
  /** What the other loses, median over the rounds: 0.02 is 2 % of the throughput. */
  loss: number;
  /** The smallest and the largest loss of any round: what the machine's own noise makes of it. */
  lossRange: [number, number];
}

/** Throughput of one against the other, in turns, so that what else the machine does meets both alike. */
export async function compare(options: CompareOptions): Promise<Comparison> {
  const { base, other, rounds = 5, ...run } = options;
  const of = async (url: string) => (await saturate({ ...run, url })).completedPerSecond;
  await of(base);
  await of(other);
  const pairs: [number, number][] = [];
  for (let round = 0; round < rounds; round++) {
    // The first of a round may find the machine cooler or busier: it is not always the same.
    if (round % 2 === 0) pairs.push([await of(base), await of(other)]);
    else {
      const second = await of(other);
      pairs.push([await of(base), second]);
    }
  }
  const losses = pairs.map(([a, b]) => 1 - b / a);
  return {
    basePerSecond: median(pairs.map(([a]) => a)),
    otherPerSecond: median(pairs.map(([, b]) => b)),
    loss: median(losses),
    lossRange: [Math.min(...losses), Math.max(...losses)],
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
