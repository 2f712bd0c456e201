import type { AcceptedJson } from "@similarfaces/contracts/job";
import { Show } from "solid-js";
import { formatClock } from "../formats";

/** When the job is deleted by itself, and nothing of it is left here either. */
export function Expiry(props: { accepted: AcceptedJson | undefined }) {
  return (
    <Show when={props.accepted} keyed>
      {(accepted) => <>Kept until {formatClock(accepted.expiresAtMs)}</>}
    </Show>
  );
}
