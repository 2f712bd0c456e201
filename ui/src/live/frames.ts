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
let drawing: ReturnType<typeof setTimeout> | undefined;
let restUntilMs = 0;

/** Makes a change together with all others that come before the next frame, or so soon after the last that the page rests. */
export function changeSoon(change: () => void): void {
  const isFirst = changes.size === 0;
  changes.add(change);
  if (isFirst && drawing === undefined) wait();
}

/** Makes the changes that wait. */
export function changeNow(): void {
  cancelAnimationFrame(frame);
  clearTimeout(timer);
  clearTimeout(drawing);
  const waiting = [...changes];
  changes.clear();
  const startedAtMs = performance.now();
  batch(() => waiting.forEach((change) => change()));
  // The browser lays out and paints after this, which takes as long again: how long the page rests is known then.
  drawing = setTimeout(() => drawn(startedAtMs));
}

function drawn(startedAtMs: number): void {
  drawing = undefined;
  const nowMs = performance.now();
  const restMs = Math.max(REST_MS.min, (nowMs - startedAtMs) * REST_TIMES);
  restUntilMs = nowMs + Math.min(REST_MS.max, restMs);
  if (changes.size > 0) wait();
}

function wait(): void {
  const restMs = restUntilMs - performance.now();
  if (restMs <= 0) inNextFrame();
  else timer = setTimeout(inNextFrame, restMs);
}

function inNextFrame(): void {
  frame = requestAnimationFrame(changeNow);
  timer = setTimeout(changeNow, WAIT_MS_MAX);
}
