import type { MixPhoto } from "./mix.js";
import { saturate } from "./saturate.js";

/** A mesh of the two that differ in one thing. */
export interface Compared {
  /** Its gateway, on this machine. */
  url: string;
  /** CPU time that it has used so far, seconds. */
  cpuSeconds(): number | Promise<number>;
}

export interface CompareOptions {
  base: Compared;
  other: Compared;
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
  /** CPU time of one photo, which others on the machine disturb less. */
  baseCpuMs: number;
  otherCpuMs: number;
}

/** Throughput of one against the other, in turns, so that what else the machine does meets both alike. */
export async function compare(options: CompareOptions): Promise<Comparison> {
  const { base, other, rounds = 5, ...run } = options;
  const of = async ({ url, cpuSeconds }: Compared) => {
    const before = await cpuSeconds();
    const { completedPerSecond, outcomes } = await saturate({ ...run, url });
    const usedMs = ((await cpuSeconds()) - before) * 1_000;
    return { perSecond: completedPerSecond, cpuMs: usedMs / outcomes.complete };
  };
  await of(base);
  await of(other);
  const pairs: [Awaited<ReturnType<typeof of>>, Awaited<ReturnType<typeof of>>][] = [];
  for (let round = 0; round < rounds; round++) {
    // The first of a round may find the machine cooler or busier: it is not always the same.
    if (round % 2 === 0) pairs.push([await of(base), await of(other)]);
    else {
      const second = await of(other);
      pairs.push([await of(base), second]);
    }
  }
  const losses = pairs.map(([a, b]) => 1 - b.perSecond / a.perSecond);
  return {
    basePerSecond: median(pairs.map(([a]) => a.perSecond)),
    otherPerSecond: median(pairs.map(([, b]) => b.perSecond)),
    loss: median(losses),
    lossRange: [Math.min(...losses), Math.max(...losses)],
    baseCpuMs: median(pairs.map(([a]) => a.cpuMs)),
    otherCpuMs: median(pairs.map(([, b]) => b.cpuMs)),
  };
}

/** One line: what it costs. */
export function comparisonLine(what: string, comparison: Comparison): string {
  const { basePerSecond, otherPerSecond, loss, lossRange, baseCpuMs, otherCpuMs } = comparison;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return (
    `${what}: ${percent(loss)} of the throughput (${lossRange.map(percent).join(" to ")} in single rounds; ` +
    `${basePerSecond.toFixed(2)} and ${otherPerSecond.toFixed(2)} photos/s), ` +
    `${percent(otherCpuMs / baseCpuMs - 1)} of the CPU time (${baseCpuMs.toFixed(1)} and ${otherCpuMs.toFixed(1)} ms/photo)`
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
