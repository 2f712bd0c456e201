/** What a closed loop got done. */
export interface Throughput {
  /** Within the time that counts. */
  photos: number;
  elapsedMs: number;
  perSecond: number;
  /** Before and after it too. */
  photosInAll: number;
}

/**
 * Keeps `inFlight` photos on their way. The time that counts begins when so many have ended, for by then the loop is as full as it stays, and
 * lasts `durationMs`; what is on its way at its end is not counted, as what was on its way at its beginning is.
 */
export async function closedLoop(
  inFlight: number,
  durationMs: number,
  analyse: (turn: number) => Promise<unknown>,
): Promise<Throughput> {
  let turn = 0;
  let photosInAll = 0;
  let photos = 0;
  let fullAtMs = Infinity;
  let lastAtMs = Infinity;
  const lane = async () => {
    while (performance.now() < fullAtMs + durationMs) {
      await analyse(turn++);
      const nowMs = performance.now();
      if (++photosInAll === inFlight) {
        fullAtMs = lastAtMs = nowMs;
      } else if (photosInAll > inFlight && nowMs <= fullAtMs + durationMs) {
        photos++;
        lastAtMs = nowMs;
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const elapsedMs = lastAtMs - fullAtMs;
  return { photos, elapsedMs, perSecond: (photos / elapsedMs) * 1_000, photosInAll };
}
