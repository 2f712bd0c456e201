import { createSignal, For } from "solid-js";

/** Messages that stay in the log, so that two at once are both read. */
const KEPT = 8;

const [spoken, setSpoken] = createSignal<readonly { text: string }[]>([]);

/** Announces a text to screen readers, politely: after what they are reading. */
export function announce(text: string): void {
  setSpoken((before) => [...before, { text }].slice(-KEPT));
}

/** Once per page, in it before the first message: screen readers ignore a log that comes with its text. */
export function Announcer() {
  return (
    <div class="visually-hidden" role="log" aria-live="polite" aria-label="What happened">
      <For each={spoken()}>{({ text }) => <p>{text}</p>}</For>
    </div>
  );
}
