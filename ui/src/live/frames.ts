import { batch } from "solid-js";

/** Between two showings. What comes by itself is shown in the next frame; of a crowd's hundreds of results, nobody sees more than so many moments. */
const REST_MS = 50;
/** A page that nobody sees has no frames: what waits for one waits no longer than this. */
const WAIT_MS_MAX = 250;

const changes = new Set<() => void>();
let frame = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let shownAtMs = Number.NEGATIVE_INFINITY;

/** Makes a change together with all others that come before the next frame, or so soon after the last that the page rests. */
export function changeSoon(change: () => void): void {
  changes.add(change);
  if (changes.size > 1) return;
  const restMs = shownAtMs + REST_MS - performance.now();
  if (restMs <= 0) inNextFrame();
  else timer = setTimeout(inNextFrame, restMs);
}

/** Makes the changes that wait. */
export function changeNow(): void {
  cancelAnimationFrame(frame);
  clearTimeout(timer);
  const waiting = [...changes];
  changes.clear();
  batch(() => waiting.forEach((change) => change()));
  shownAtMs = performance.now();
}

function inNextFrame(): void {
  frame = requestAnimationFrame(changeNow);
  timer = setTimeout(changeNow, WAIT_MS_MAX);
}
