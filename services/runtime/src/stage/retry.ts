/** Deliveries of one message in all; the one after publishes `attempts_exhausted` without calling the handler. */
export const ATTEMPTS_MAX = 5;

/** Pause before the next delivery, by the number of the one that failed. Within the 60 s that a job has by default. */
const BACKOFF_MS = [250, 1_000, 3_000, 8_000];

/**
 * Milliseconds to wait before delivery `attempt + 1`, a fifth more or less, so that a fleet does not beat in time; at most half of what is
 * left until the job's deadline, so that what can still be done in time is tried once more.
 */
export function backoffMs(attempt: number, leftMs: number, random: number = Math.random()): number {
  const base = BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length) - 1] ?? BACKOFF_MS[0]!;
  return Math.round(Math.max(0, Math.min(base * (0.8 + 0.4 * random), leftMs / 2)));
}
