import { dealFrom, type MixPhoto } from "@similarfaces/load";
import { closedLoop, type Throughput } from "./closedLoop.js";

export interface SpentRound extends Throughput {
  /** Processor time of the whole process, workers and collector among it, for `photosInAll`. */
  cpuSeconds: number;
}

export interface Round {
  photos: readonly MixPhoto[];
  roundMs: number;
  inFlight: number;
}

/** As many photos as go in this process, which does nothing else meanwhile. */
export async function spentRound(
  { photos, roundMs, inFlight }: Round,
  analyse: (photo: Uint8Array) => Promise<unknown>,
): Promise<SpentRound> {
  const deal = dealFrom(photos);
  const before = process.cpuUsage();
  const round = await closedLoop(inFlight, roundMs, () => analyse(deal().bytes));
  const { user, system } = process.cpuUsage(before);
  return { ...round, cpuSeconds: (user + system) / 1e6 };
}
