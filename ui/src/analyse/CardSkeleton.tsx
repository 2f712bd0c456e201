import type { StageName } from "@similarfaces/contracts/stages";
import { Show } from "solid-js";
import { isOn } from "../stages";
import { CardFields } from "./CardFields";
import "./CardSkeleton.css";

const pending = () => ({ state: "pending" }) as const;

/** The place of the first card before the number of faces is known. */
export function CardSkeleton(props: { isShown: boolean; stages: readonly StageName[] }) {
  return (
    <Show when={props.isShown}>
      <div class="faces" aria-hidden="true">
        <div class="face">
          <div class="face-head">
            <div class="face-portrait skeleton-square" />
          </div>
          <CardFields
            stages={props.stages}
            fieldOf={() => pending}
            match={isOn("match") ? pending : undefined}
            cautions={[]}
          />
        </div>
      </div>
    </Show>
  );
}
