import type { Log } from "@similarfaces/runtime";

const EVERY_MS = 1_000;

/** One line a second while the gallery is being read, and one when it is. */
export function createProgress(log: Log) {
  const startedAtMs = performance.now();
  let loggedAtMs = startedAtMs;
  return {
    step(read: number, of: number): void {
      const nowMs = performance.now();
      if (nowMs - loggedAtMs < EVERY_MS) return;
      loggedAtMs = nowMs;
      log.info({ read, of, percent: Math.floor((100 * read) / Math.max(1, of)) }, "reading the gallery");
    },
    end(counts: { identities: number; faces: number; snapshot: boolean }): void {
      const seconds = Math.round(performance.now() - startedAtMs) / 1_000;
      log.info({ ...counts, seconds }, "the gallery is in memory");
    },
  };
}
