import type { AgeJson } from "@similarfaces/contracts/job";
import { createMemo } from "solid-js";
import { ageCurvePath } from "./ageCurvePath";
import "./AgeCurve.css";

/** How probable each year is, from 0 to 100, with the middle 80 % marked and a line at the estimate. */
export function AgeCurve(props: { age: AgeJson }) {
  const path = createMemo(() => ageCurvePath(props.age.probabilities));
  return (
    <svg class="age-curve" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
      <rect
        class="age-range"
        x={props.age.lowYears}
        width={Math.max(0, props.age.highYears - props.age.lowYears)}
        height="24"
      />
      <path class="age-shape" d={path()} />
      <line class="age-line" x1={props.age.years} x2={props.age.years} y2="24" />
    </svg>
  );
}
