import type { Log } from "@similarfaces/runtime";
import type { Gallery } from "../operations/gallery.js";

const EVERY_MS = 3_600_000;
/** No enrolment takes as long from its portrait to its face, nor do two clocks differ by as much. */
const OLDER_THAN_MS = 600_000;

/** Deletes portraits without a face, at once and then every hour. Every replica does so, which does no harm. */
export function sweepPortraits(gallery: Gallery, log: Log): { stop(): Promise<void> } {
  let sweeping = sweep();
  const timer = setInterval(() => void (sweeping = sweep()), EVERY_MS).unref();
  return {
    async stop() {
      clearInterval(timer);
      await sweeping;
    },
  };

  /** Never rejects. */
  async function sweep(): Promise<void> {
    try {
      const deleted = await gallery.sweepPortraits(Date.now() - OLDER_THAN_MS, log);
      if (deleted > 0) log.info({ deleted }, "portraits without a face in the gallery were deleted");
    } catch (err) {
      log.warn({ err }, "portraits without a face could not be swept");
    }
  }
}
