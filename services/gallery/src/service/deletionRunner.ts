import { setTimeout as pause } from "node:timers/promises";
import type { Log } from "@similarfaces/runtime";
import type { Gallery } from "../operations/gallery.js";

const EVERY_MS = 1_000;

/**
 * Goes on with what is deleted in the background, whichever replica began it and whether or not that is still there. Every replica does so:
 * what two of them do at once is done once.
 */
export function runDeletions(gallery: Gallery, log: Log): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };

  /** Never rejects. */
  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const hasMore = await gallery.goOnDeleting().catch((err: unknown) => {
        log.warn({ err }, "the deletion of an identity waits");
        return false;
      });
      if (!hasMore) await pause(EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }
}
