import { seededRandom } from "./arrivals.js";
import { drawFrom, type MixPhoto } from "./mix.js";

/** One of the systems that differ in one thing. */
export interface Side {
  /** Sides of one name are counted together: two processes that are started alike are not alike. */
  name: string;
  /** Sends a photo and waits for all of its results. Rejects where not everything was answered. */
  analyse(photo: MixPhoto): Promise<unknown>;
  /** CPU time that the system has used so far, seconds. */
  cpuSeconds(): number;
}

export interface CompareOptions {
  sides: readonly Side[];
  mix: readonly MixPhoto[];
  rounds: number;
  /** About how long one side works in one round. */
  roundMs: number;
  inFlight: number;
}

/** What the sides of one name did in one round. */
export interface Work {
  perSecond: number;
  cpuMsPerPhoto: number;
}

/** By name of side. */
export type Round = ReadonlyMap<string, Work>;

/**
 * The same photos in the same order for every side, side after side, in rounds: what else the machine does, and how
 * far a mix varies, meet all alike. A round is a number of photos and not a time: which large photo just misses an end does not
 * matter. The order of the sides turns (ABC, CBA, BCA, ACB, ...), so that none of them always has the cooler machine.
 */
export async function compare(options: CompareOptions): Promise<Round[]> {
  const { sides, mix, rounds, roundMs, inFlight } = options;
  const work = async (side: Side, photos: readonly MixPhoto[]): Promise<Spent> => {
    let next = 0;
    const lane = async () => {
      while (next < photos.length) await side.analyse(photos[next++]!);
    };
    const [cpuBefore, startedAtMs] = [side.cpuSeconds(), performance.now()];
    await Promise.all(Array.from({ length: inFlight }, lane));
    const seconds = (performance.now() - startedAtMs) / 1_000;
    return { photos: photos.length, seconds, cpuSeconds: side.cpuSeconds() - cpuBefore };
  };
  const draws = (seed: number, count: number) => {
    const draw = drawFrom(mix, seededRandom(seed));
    return Array.from({ length: count }, draw);
  };
  // Uncounted: code gets compiled, and it shows how many photos make a round.
  const rates: number[] = [];
  for (const side of sides) {
    await work(side, draws(0, WARM_UP * inFlight));
    const { photos, seconds } = await work(side, draws(0, WARM_UP * inFlight));
    rates.push(photos / seconds);
  }
  const photosEach = Math.max(inFlight, Math.round((Math.max(...rates) * roundMs) / 1_000));
  const done: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    const photos = draws(round + 1, photosEach);
    const spent = new Map<string, Spent[]>();
    for (const side of inTurn(sides, round)) {
      const worked = await work(side, photos);
      spent.set(side.name, [...(spent.get(side.name) ?? []), worked]);
    }
    done.push(new Map([...spent].map(([name, works]) => [name, together(works)])));
  }
  return done;
}

/** Photos per side, as multiples of those under way at once. */
const WARM_UP = 2;

interface Spent {
  photos: number;
  seconds: number;
  cpuSeconds: number;
}

function together(works: readonly Spent[]): Work {
  const sum = (of: keyof Spent) => works.reduce((total, work) => total + work[of], 0);
  return {
    perSecond: sum("photos") / sum("seconds"),
    cpuMsPerPhoto: (sum("cpuSeconds") * 1_000) / sum("photos"),
  };
}

/** Every second order is the reverse of the one before; then another side begins. Balanced after twice as many rounds as sides. */
function inTurn<T>(sides: readonly T[], round: number): T[] {
  const first = (round >> 1) % sides.length;
  const turned = [...sides.slice(first), ...sides.slice(0, first)];
  return round % 2 === 0 ? turned : turned.toReversed();
}

/** A ratio of two sides and where it lies at 95 % confidence. */
export interface Ratio {
  ratio: number;
  low: number;
  high: number;
}

/**
 * One side's figure as a share of that of others (of their geometric mean), from the pairs that the rounds make: the
 * Hodges-Lehmann estimate with the interval that belongs to Wilcoxon's signed-rank test (Hollander and Wolfe, Nonparametric
 * Statistical Methods, 3.2 and 3.3). A round that somebody else's burst of work spoils moves neither, as it would a mean. Below
 * 6 rounds it is the range of the pairs.
 */
export function ratioOf(
  rounds: readonly Round[],
  base: readonly string[],
  other: string,
  figure: keyof Work,
): Ratio {
  const logs = rounds.map((round) => {
    const of = (name: string) => Math.log(round.get(name)![figure]);
    return of(other) - base.reduce((sum, name) => sum + of(name), 0) / base.length;
  });
  const n = logs.length;
  const averages = logs.flatMap((a, i) => logs.slice(i).map((b) => (a + b) / 2)).sort((a, b) => a - b);
  const spread = 1.96 * Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24);
  const outside = n < 6 ? 0 : Math.max(0, Math.round(averages.length / 2 - spread) - 1);
  return {
    ratio: Math.exp(median(averages)),
    low: Math.exp(averages[outside]!),
    high: Math.exp(averages[averages.length - 1 - outside]!),
  };
}

/** One line: throughput and CPU time of a side, as shares of that of others. */
export function comparisonLine(rounds: readonly Round[], base: readonly string[], other: string): string {
  const shown = (figure: keyof Work, unit: string) => {
    const { ratio, low, high } = ratioOf(rounds, base, other, figure);
    const typical = median(rounds.map((round) => round.get(other)![figure]).sort((a, b) => a - b));
    return `${ratio.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)}; ${typical.toFixed(1)} ${unit})`;
  };
  return `${other}: throughput ${shown("perSecond", "photos/s")}, CPU time ${shown("cpuMsPerPhoto", "ms/photo")}`;
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
