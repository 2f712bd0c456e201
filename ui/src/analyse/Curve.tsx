import type { MeasureJson, MeasureSpecJson } from "@similarfaces/contracts/job";
import { For, Show, createMemo } from "solid-js";
import { curvePath } from "./curvePath";
import { decimalsOf, ticksBetween } from "./ticks";
import "./Curve.css";

/** Between the numbers below a curve, at most; in the narrowest card there is room for so many. */
const STEPS_MAX = 5;

/** How probable each value is, from the first bin to the last, with the interval marked, a line at the estimate and round values below. */
export function Curve(props: {
  bins: NonNullable<MeasureSpecJson["bins"]>;
  measure: MeasureJson | undefined;
}) {
  const path = createMemo(() => curvePath(props.measure?.probabilities ?? []));
  const last = () => props.bins.first + props.bins.width * Math.max(1, props.bins.count - 1);
  /** In hundredths of the axis. */
  const at = (value: number) => {
    const share = (value - props.bins.first) / (last() - props.bins.first);
    return Math.min(1, Math.max(0, share)) * 100;
  };
  const ticks = () => {
    const values = ticksBetween(props.bins.first, last(), STEPS_MAX);
    const decimals = decimalsOf((values[1] ?? 1) - values[0]!);
    return values.map((value) => ({ at: at(value), text: value.toFixed(decimals) }));
  };
  return (
    <div>
      <svg class="curve" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
        <Show when={props.measure} keyed>
          {({ value, low = value, high = value }) => (
            <>
              <rect class="curve-interval" x={at(low)} width={Math.max(0, at(high) - at(low))} height="24" />
              <path class="curve-shape" d={path()} />
              <line class="curve-line" x1={at(value)} x2={at(value)} y2="24" />
            </>
          )}
        </Show>
      </svg>
      <div class="curve-axis" aria-hidden="true">
        <For each={ticks()}>{({ at, text }) => <span style={{ "--at": at }}>{text}</span>}</For>
      </div>
    </div>
  );
}
