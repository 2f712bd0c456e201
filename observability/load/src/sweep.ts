import type { MixPhoto } from "./mix.js";
import { COLUMNS, aligned, cellsOf, type LoadReport } from "./report.js";
import { runLoad } from "./run.js";
import { saturate } from "./saturate.js";
import { watchUsage } from "./usage.js";

export interface SweepOptions {
  /** The gateway, on this machine. */
  url: string;
  /** Processes whose CPU time and memory count: everything that serves, the broker too. */
  pids: readonly number[];
  mix: readonly MixPhoto[];
  /** Photos per second that the graphs alone could do on these cores, without any messaging: what throughput is compared with. */
  bareLoopPerSecond: number;
  /** Of each run. */
  durationMs: number;
  /** Before the capacity counts: see `saturate`. */
  rampMs?: number;
  /** Shares of the capacity at which latency is measured. */
  shares?: readonly number[];
  /** Photos under way while the capacity is measured. */
  inFlight?: number;
  seed?: number;
  onStep?(text: string): void;
}

export interface Step extends LoadReport {
  /** Of the capacity; 1 where it was measured. */
  share: number;
  cpuMsPerPhoto: number;
  residentBytesMax: number;
}

export interface SweepReport {
  capacityPerSecond: number;
  capacityFacesPerSecond: number;
  bareLoopPerSecond: number;
  /** Capacity over the bare loop: what is left of the graphs' own speed. */
  ratioToBareLoop: number;
  /** At capacity first, then by share. */
  steps: Step[];
}

const SHARES = [0.25, 0.5, 0.75, 0.9];

/**
 * Measures the capacity by a closed loop, then the latencies below it by open ones.
 * @throws RangeError where the gateway is not on the loopback interface
 */
export async function sweep(options: SweepOptions): Promise<SweepReport> {
  const { url, mix, durationMs, shares = SHARES, bareLoopPerSecond } = options;
  const { inFlight, rampMs, seed, onStep = () => {} } = options;
  onStep("measuring the capacity");
  const closed = { url, mix, durationMs, inFlight, rampMs, seed };
  const full = await measured(options, 1, () => saturate(closed));
  const capacityPerSecond = full.completedPerSecond;
  const steps = [full];
  for (const share of shares) {
    onStep(`measuring at ${Math.round(share * 100)} % of it`);
    const perSecond = share * capacityPerSecond;
    steps.push(await measured(options, share, () => runLoad({ url, mix, perSecond, durationMs, seed })));
  }
  return {
    capacityPerSecond,
    capacityFacesPerSecond: full.facesPerSecond,
    bareLoopPerSecond,
    ratioToBareLoop: capacityPerSecond / bareLoopPerSecond,
    steps,
  };
}

/** A line on the capacity and a row per step. */
export function sweepTable(report: SweepReport): string {
  const { capacityPerSecond, capacityFacesPerSecond, bareLoopPerSecond, ratioToBareLoop, steps } = report;
  const rows = steps.map((step) => [
    step.share === 1 ? "full" : `${Math.round(step.share * 100)} %`,
    ...cellsOf(step),
    step.cpuMsPerPhoto.toFixed(0),
    (step.residentBytesMax / 1e6).toFixed(0),
  ]);
  return [
    `capacity ${capacityPerSecond.toFixed(2)} photos/s, ${capacityFacesPerSecond.toFixed(1)} faces/s: ` +
      `${(100 * ratioToBareLoop).toFixed(0)} % of the graphs alone (${bareLoopPerSecond.toFixed(2)} photos/s)`,
    aligned([["load", ...COLUMNS, "CPU ms/photo", "memory MB"], ...rows]),
  ].join("\n");
}

async function measured(
  { pids }: SweepOptions,
  share: number,
  run: () => Promise<LoadReport>,
): Promise<Step> {
  const usage = watchUsage(pids);
  const report = await run();
  const { cpuSeconds, residentBytesMax } = usage.stop();
  const { complete } = report.outcomes;
  return { ...report, share, cpuMsPerPhoto: (cpuSeconds / complete) * 1_000, residentBytesMax };
}
