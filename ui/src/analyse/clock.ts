import { createEffect, createSignal, onCleanup, type Accessor } from "solid-js";

/** Where less motion is wanted, nothing runs along: the time is told now and then. */
const STILL_EVERY_MS = 500;

/** The page's own clock (`performance.now()`), told before every frame while it runs. */
export function createClock(isRunning: Accessor<boolean>): Accessor<number> {
  const [nowMs, setNowMs] = createSignal(performance.now());
  createEffect(() => {
    if (!isRunning()) return;
    const tell = () => setNowMs(performance.now());
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      const timer = setInterval(tell, STILL_EVERY_MS);
      onCleanup(() => clearInterval(timer));
      return;
    }
    let frame = requestAnimationFrame(function tick() {
      frame = requestAnimationFrame(tick);
      tell();
    });
    onCleanup(() => cancelAnimationFrame(frame));
  });
  return nowMs;
}
