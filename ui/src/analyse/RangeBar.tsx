import type { MeasureSpecJson } from "@similarfaces/contracts/job";
import { Show } from "solid-js";
import "./RangeBar.css";

/** A value's place between the least and the most that its analyzer announces, from zero where that lies between; nothing without a range. */
export function RangeBar(props: { spec: MeasureSpecJson; value: number | undefined }) {
  const range = () => {
    const { min, max } = props.spec;
    return min !== undefined && max !== undefined && max > min ? { min, max } : undefined;
  };
  return (
    <Show when={range()} keyed>
      {({ min, max }) => {
        const shareOf = (value: number) => Math.min(1, Math.max(0, (value - min) / (max - min)));
        const zero = min < 0 && max > 0 ? shareOf(0) : 0;
        const ends = () =>
          [zero, props.value === undefined ? zero : shareOf(props.value)].sort((a, b) => a - b);
        return (
          <span
            class="range"
            aria-hidden="true"
            data-known={props.value !== undefined}
            style={{ "--from": ends()[0], "--to": ends()[1], "--zero": zero }}
          >
            <Show when={zero > 0}>
              <i class="range-zero" />
            </Show>
            <i class="range-fill" />
          </span>
        );
      }}
    </Show>
  );
}
