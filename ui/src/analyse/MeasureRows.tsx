import { For, Show } from "solid-js";
import { nameInWords, textIn } from "@similarfaces/contracts/texts";
import { RangeBar } from "./RangeBar";
import { measureText, type ShownAnswer } from "@similarfaces/contracts/answers";
import "./MeasureRows.css";

/** Several measures of one analyzer, a row each: name, place in its range, figure. */
export function MeasureRows(props: { shown: readonly ShownAnswer[] }) {
  return (
    <ul class="measures">
      <For each={props.shown}>
        {({ spec, answer }) => (
          <li class="measure" data-answer={spec.name}>
            <span class="measure-name">{textIn(spec.title) || nameInWords(spec.name)}</span>
            <span>
              <Show when={spec.measure} keyed>
                {(measure) => <RangeBar spec={measure} value={answer?.measure?.value} />}
              </Show>
            </span>
            <span class="measure-figure">
              {answer?.measure
                ? measureText(spec.measure, answer.measure.value, answer.measure.unit)
                : "\u00a0"}
            </span>
            <Show when={textIn(spec.caution)}>
              <span class="answer-caution small quiet">{textIn(spec.caution)}</span>
            </Show>
          </li>
        )}
      </For>
    </ul>
  );
}
