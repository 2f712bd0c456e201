import type { MeasureJson, MeasureSpecJson } from "@similarfaces/contracts/job";
import { Show, createMemo } from "solid-js";
import { curvePath } from "./curvePath";
import "./Curve.css";

/** How probable each value is, from the first bin to the last, with the interval marked and a line at the estimate. */
export function Curve(props: {
  bins: NonNullable<MeasureSpecJson["bins"]>;
  measure: MeasureJson | undefined;
}) {
  const path = createMemo(() => curvePath(props.measure?.probabilities ?? []));
  /** In hundredths of the axis. */
  const at = (value: number) => {
    const { first, width, count } = props.bins;
    const share = (value - first) / (width * Math.max(1, count - 1));
    return Math.min(1, Math.max(0, share)) * 100;
  };
  return (
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
  );
}
