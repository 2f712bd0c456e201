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
          fallback={`Deleted by the server at ${formatClock(accepted.expiresAtMs)}; what you see is this page's own and goes when you leave.`}
        >
          Deletes itself at {formatClock(accepted.expiresAtMs)}
        </Show>
      )}
    </Show>
  );
}
