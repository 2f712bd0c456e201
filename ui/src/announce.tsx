import { createSignal, For } from "solid-js";
import { whenGone } from "./jobs/createJob";

/** Messages that stay in the log, so that two at once are both read. */
const KEPT = 8;

interface Spoken {
  text: string;
  /** Of what a job's photo shows: its id. */
  jobId?: string | undefined;
}

const [spoken, setSpoken] = createSignal<readonly Spoken[]>([]);

whenGone((gone) => setSpoken((before) => before.filter(({ jobId }) => jobId !== gone)));

/** Announces a text to screen readers, politely: after what they are reading. @param jobId where it is about a job's photo */
export function announce(text: string, jobId?: string): void {
  setSpoken((before) => [...before, { text, jobId }].slice(-KEPT));
}

/** Once per page, in it before the first message: screen readers ignore a log that comes with its text. */
export function Announcer() {
  return (
    <div class="visually-hidden" role="log" aria-live="polite" aria-label="What happened">
      <For each={spoken()}>{({ text }) => <p>{text}</p>}</For>
    </div>
  );
}
