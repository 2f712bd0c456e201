import type { StageName } from "@similarfaces/contracts/stages";
import type { JSX } from "solid-js";
import "./StageLabel.css";

/** A stage's name beside its hue: colour never stands alone. */
export function StageLabel(props: { stage: StageName; children?: JSX.Element }) {
  return (
    <span class="stage-label" data-stage={props.stage}>
      {props.children ?? props.stage}
    </span>
  );
}
