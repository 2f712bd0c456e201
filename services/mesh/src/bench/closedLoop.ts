/** What a closed loop got done. */
export interface Throughput {
  photos: number;
  elapsedMs: number;
  perSecond: number;
}

/**
 * Keeps `inFlight` photos on their way for `durationMs`, and counts those that end within it: a loop that starts and ends
 * full, so that neither its filling nor its emptying counts.
 */
export async function closedLoop(
  inFlight: number,
  durationMs: number,
  analyse: (turn: number) => Promise<unknown>,
): Promise<Throughput> {
  const startedAtMs = performance.now();
  const untilMs = startedAtMs + durationMs;
  let turn = 0;
  let photos = 0;
  let lastAtMs = startedAtMs;
  const lane = async () => {
    while (performance.now() < untilMs) {
      await analyse(turn++);
      const nowMs = performance.now();
      if (nowMs > untilMs) return;
      photos++;
      lastAtMs = nowMs;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const elapsedMs = lastAtMs - startedAtMs;
  return { photos, elapsedMs, perSecond: (photos / elapsedMs) * 1_000 };
}
