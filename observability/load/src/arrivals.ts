/**
 * When each photo of a run is sent, in milliseconds from its start: a Poisson process of `perSecond` on average.
 * The schedule is drawn before the run, so that a slow system cannot slow its own load down (open loop): a photo
 * that is sent late is timed from when it should have been sent.
 */
export function poissonArrivalsMs(perSecond: number, durationMs: number, random: () => number): number[] {
  const arrivals: number[] = [];
  for (let at = gap(); at < durationMs; at += gap()) arrivals.push(at);
  return arrivals;

  function gap(): number {
    return (-Math.log(1 - random()) / perSecond) * 1000;
  }
}

/** A seeded generator (mulberry32), so that two runs send the same photos at the same moments. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
