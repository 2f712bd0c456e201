import type { AcceptedJson } from "@similarfaces/contracts/job";
import { Show, createSignal, onCleanup } from "solid-js";
import { formatClock } from "../formats";
import { serverNowMs } from "../serverClock";

/** When the job is deleted by itself, or that it has been. */
export function Expiry(props: { accepted: AcceptedJson | undefined }) {
  const [nowMs, setNowMs] = createSignal(serverNowMs());
  const timer = setInterval(() => setNowMs(serverNowMs()), 5_000);
  onCleanup(() => clearInterval(timer));
  return (
    <Show when={props.accepted} keyed>
      {(accepted) => (
        <Show
          when={nowMs() < accepted.expiresAtMs}
          fallback={`Deleted at ${formatClock(accepted.expiresAtMs)}. Only this page still has it, until you leave.`}
        >
          Kept until {formatClock(accepted.expiresAtMs)}
        </Show>
      )}
    </Show>
  );
}
