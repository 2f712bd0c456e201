import { createSignal } from "solid-js";

export type Transport = "websocket" | "events" | "polling";
/** How results come now; `offline` while nothing reaches the server. */
export type Link = "idle" | Transport | "offline";

/** A connection that is back sooner is not reported as lost. */
const OFFLINE_AFTER_MS = 1_000;

const [link, setLink] = createSignal<Link>("idle");
export { link };

let losing: ReturnType<typeof setTimeout> | undefined;
let contactAtMs = 0;

/** Something came from the server. */
export function connected(by: Transport): void {
  resetSilence();
  clearTimeout(losing);
  losing = undefined;
  setLink(by);
}

/** Counts `silentForMs` from now. */
export function resetSilence(): void {
  contactAtMs = Date.now();
}

/** Milliseconds since anything came from the server. */
export const silentForMs = (): number => Date.now() - contactAtMs;

export function lost(): void {
  losing ??= setTimeout(() => setLink("offline"), OFFLINE_AFTER_MS);
}

/** No job is watched. */
export function idle(): void {
  clearTimeout(losing);
  losing = undefined;
  setLink("idle");
}
