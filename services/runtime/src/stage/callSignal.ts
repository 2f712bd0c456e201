import { setMaxListeners } from "node:events";

/** Beyond this a timer fires at once. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * The signal of a message's calls of its handler: aborted with `stop`, and at the deadline of the work. To be released when all have ended.
 */
export function callSignal(
  stop: AbortSignal,
  deadlineAtMs: number,
): { readonly signal: AbortSignal; release(): void } {
  const call = new AbortController();
  // Every request of a photo listens to it: dozens, and no leak.
  setMaxListeners(0, call.signal);
  const abort = () => call.abort();
  if (stop.aborted) abort();
  stop.addEventListener("abort", abort, { once: true });
  const leftMs = Math.max(0, deadlineAtMs - Date.now());
  const timer = setTimeout(abort, Math.min(leftMs, TIMER_MS_MAX));
  return {
    signal: call.signal,
    release() {
      clearTimeout(timer);
      stop.removeEventListener("abort", abort);
    },
  };
}
