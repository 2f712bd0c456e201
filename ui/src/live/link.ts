import { createSignal } from "solid-js";

export type Transport = "websocket" | "events" | "polling";
/** How results come now; `offline` while nothing reaches the server. */
export type Link = "idle" | Transport | "offline";

/** A connection that is back sooner is not reported as lost. */
const OFFLINE_AFTER_MS = 1_000;

const [link, setLink] = createSignal<Link>("idle");
export { link };

let losing: ReturnType<typeof setTimeout> | undefined;
let heardAtMs = 0;

/** The server has been heard from. */
export function heard(by: Transport): void {
  markHeard();
  clearTimeout(losing);
  losing = undefined;
  setLink(by);
}

/** Begins the time of silence anew. */
export function markHeard(): void {
  heardAtMs = Date.now();
}

export const silentForMs = (): number => Date.now() - heardAtMs;

export function lost(): void {
  losing ??= setTimeout(() => setLink("offline"), OFFLINE_AFTER_MS);
}

/** Nobody waits for results. */
export function idle(): void {
  clearTimeout(losing);
  losing = undefined;
  setLink("idle");
}
