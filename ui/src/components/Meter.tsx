import { For } from "solid-js";
import "./Meter.css";

const STEPS = [1, 2, 3, 4];

/** Four steps of which so many are lit, beside the words that say the same; 0 keeps the room. */
export function Meter(props: { step: number }) {
  return (
    <span class="meter" data-step={props.step} aria-hidden="true">
      <For each={STEPS}>{(step) => <span data-lit={step <= props.step} />}</For>
    </span>
  );
}
