import { createSignal } from "solid-js";

const [spoken, setSpoken] = createSignal("");

/** Tells who listens instead of looking; politely, after what is being read. */
export function announce(text: string): void {
  // The same words twice are two messages.
  setSpoken((before) => (before === text ? `${text}\u00a0` : text));
}

/** Once per page, there before anything is said. */
export function Announcer() {
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      {spoken()}
    </div>
  );
}
