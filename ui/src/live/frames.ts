import { batch } from "solid-js";

/** A page that nobody sees has no frames: what waits for one waits no longer than this. */
const WAIT_MS_MAX = 250;

const changes = new Set<() => void>();
let frame = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Makes a change with all others that come before the next frame, once: however many results come, the page is drawn anew once. */
export function beforeNextFrame(change: () => void): void {
  changes.add(change);
  if (changes.size > 1) return;
  frame = requestAnimationFrame(changeNow);
  timer = setTimeout(changeNow, WAIT_MS_MAX);
}

/** Makes the changes that wait for the next frame. */
export function changeNow(): void {
  cancelAnimationFrame(frame);
  clearTimeout(timer);
  const waiting = [...changes];
  changes.clear();
  batch(() => waiting.forEach((change) => change()));
}
