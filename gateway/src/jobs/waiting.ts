import type { ExtractedJson, ResultEvent } from "@similarfaces/contracts";
import { WAIT_SECONDS_MAX } from "../requests/limits.js";
import { GATEWAY } from "../access/caller.js";
import type { Relay } from "../relay/relay.js";
import type { KnownEvent } from "../relay/jobEvents.js";

/** `Prefer: wait=N` (RFC 7240) in milliseconds, undefined without one; more than is granted is cut. */
export function readWait(prefer: string | undefined): number | undefined {
  const [, seconds] = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})/i.exec(prefer ?? "") ?? [];
  return seconds === undefined ? undefined : Math.min(Number(seconds), WAIT_SECONDS_MAX) * 1_000;
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

export interface WaitOptions {
  waitMs: number;
  relay: Relay;
  /** Aborted when the gateway ends. */
  leaving: AbortSignal;
}

/** Resolves when the job is complete, after the time, or when the gateway ends. @throws StageFailure as Relay.view does */
export function untilComplete(jobId: string, options: WaitOptions): Promise<void> {
  return untilEvent(jobId, options, () => false);
}

/** What `extract` has found; undefined where it failed, after the time, and when the gateway ends. @throws StageFailure as Relay.view does */
export async function untilExtracted(
  jobId: string,
  options: WaitOptions,
): Promise<ExtractedJson | undefined> {
  let extracted: ExtractedJson | undefined;
  await untilEvent(jobId, options, ({ stage, extract }) => {
    extracted = extract;
    return stage === "extract";
  });
  return extracted;
}

/** Until an event is the one that is waited for, or no more come. */
async function untilEvent(
  jobId: string,
  { waitMs, relay, leaving }: WaitOptions,
  isIt: (event: ResultEvent) => boolean,
): Promise<void> {
  let onLeaving = () => {};
  let timer: NodeJS.Timeout | undefined;
  let stopViewing = () => {};
  await new Promise<void>((resolve, reject) => {
    const event = (known: KnownEvent) => {
      if (isIt(known.event)) resolve();
      return true;
    };
    stopViewing = relay.view(jobId, 0, { event, complete: () => resolve(), fail: reject }, GATEWAY).stop;
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
