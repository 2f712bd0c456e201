import { createSignal, For } from "solid-js";

/** What is said stays a little, so that two messages at once are both read. */
const KEPT = 8;

const [spoken, setSpoken] = createSignal<readonly { text: string }[]>([]);

/** Tells who listens instead of looking; politely, after what is being read. */
export function announce(text: string): void {
  setSpoken((before) => [...before, { text }].slice(-KEPT));
}

/** Once per page, there before anything is said. */
export function Announcer() {
  return (
    <div class="visually-hidden" role="log" aria-live="polite" aria-label="What happened">
      <For each={spoken()}>{({ text }) => <p>{text}</p>}</For>
    </div>
  );
}
