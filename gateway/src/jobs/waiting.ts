import { WAIT_SECONDS_MAX } from "../requests/limits.js";
import { GATEWAY } from "../access/caller.js";
import type { Relay } from "../relay/relay.js";

/** `Prefer: wait=N` (RFC 7240) in milliseconds, 0 without one; more than is granted is cut. */
export function readWait(prefer: string | undefined): number {
  const seconds = Number(/(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})/i.exec(prefer ?? "")?.[1] ?? 0);
  return Math.min(seconds, WAIT_SECONDS_MAX) * 1_000;
}

/** The value, or undefined that long after the signal. */
export async function orWhen<T>(signal: AbortSignal, ms: number, value: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort = () => {};
  const late = new Promise<undefined>((resolve) => {
    onAbort = () => void (timer = setTimeout(() => resolve(undefined), ms));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
  });
  return Promise.race([value, late]).finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  });
}

/** Resolves when the job is complete, after the time, or when the gateway ends. @throws StageFailure as Relay.view does */
export async function untilComplete(
  jobId: string,
  waitMs: number,
  relay: Relay,
  leaving: AbortSignal,
): Promise<void> {
  let onLeaving = () => {};
  let timer: NodeJS.Timeout | undefined;
  let stopViewing = () => {};
  await new Promise<void>((resolve, reject) => {
    const viewer = { event: () => true, complete: () => resolve(), fail: reject };
    stopViewing = relay.view(jobId, 0, viewer, GATEWAY).stop;
    timer = setTimeout(resolve, waitMs);
    onLeaving = () => resolve();
    if (leaving.aborted) resolve();
    else leaving.addEventListener("abort", onLeaving);
  }).finally(() => {
    clearTimeout(timer);
    leaving.removeEventListener("abort", onLeaving);
    stopViewing();
  });
}
