import { Show } from "solid-js";
import type { Step } from "../jobs/visit";

/** How much of the photo is sent, along its lower edge. */
export function SendingBar(props: { step: Step | undefined }) {
  const sending = () => (props.step?.at === "sending" ? props.step : undefined);
  return (
    <Show when={sending()}>
      <progress
        class="sending-bar"
        data-stage="extract"
        aria-label="Sent"
        max={sending()?.totalBytes ?? 1}
        value={sending()?.sentBytes ?? 0}
      />
    </Show>
  );
}
