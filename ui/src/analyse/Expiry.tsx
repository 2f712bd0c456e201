import type { AcceptedJson } from "@similarfaces/contracts/job";
import { Show, createSignal, onCleanup } from "solid-js";
import { formatTime } from "../formats";
import { serverNowMs } from "../serverClock";

/** When the job is deleted by itself, or that it has been. */
export function Expiry(props: { accepted: AcceptedJson | undefined }) {
  const [nowMs, setNowMs] = createSignal(serverNowMs());
  const timer = setInterval(() => setNowMs(serverNowMs()), 5_000);
  onCleanup(() => clearInterval(timer));
  return (
    <Show when={props.accepted}>
      {(accepted) => (
        <Show
          when={nowMs() < accepted().expiresAtMs}
          fallback={`Deleted by the server at ${formatTime(accepted().expiresAtMs)}; what you see is this page's own and goes when you leave.`}
        >
          Deleted by itself at {formatTime(accepted().expiresAtMs)}
        </Show>
      )}
    </Show>
  );
}
