import { batch } from "solid-js";

/**
 * Between two showings, and as many times as long as the last one took, if that is more: the cores are the models' too. What comes by itself
 * is shown in the next frame; of a crowd's hundreds of results, nobody sees more than so many moments.
 */
const REST_MS = { min: 50, max: 250 } as const;
const REST_TIMES = 10;
/** A page that nobody sees has no frames: what waits for one waits no longer than this. */
const WAIT_MS_MAX = 250;

const changes = new Set<() => void>();
let frame = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let restUntilMs = 0;

/** Makes a change together with all others that come before the next frame, or so soon after the last that the page rests. */
export function changeSoon(change: () => void): void {
  changes.add(change);
  if (changes.size > 1) return;
  const restMs = restUntilMs - performance.now();
  if (restMs <= 0) inNextFrame();
  else timer = setTimeout(inNextFrame, restMs);
}

/** Makes the changes that wait. */
export function changeNow(): void {
  cancelAnimationFrame(frame);
  clearTimeout(timer);
  const waiting = [...changes];
  changes.clear();
  const startedAtMs = performance.now();
  batch(() => waiting.forEach((change) => change()));
  const endedAtMs = performance.now();
  const restMs = Math.max(REST_MS.min, (endedAtMs - startedAtMs) * REST_TIMES);
  restUntilMs = endedAtMs + Math.min(REST_MS.max, restMs);
}

function inNextFrame(): void {
  frame = requestAnimationFrame(changeNow);
  timer = setTimeout(changeNow, WAIT_MS_MAX);
}
