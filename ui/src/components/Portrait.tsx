import { Show, createEffect, createMemo, createSignal, on, onCleanup } from "solid-js";
import { Silhouette } from "./Silhouette";
import "./Portrait.css";

/** After these times a picture that could not be had is asked for again. */
const RETRY_MS = [3_000, 10_000];

/** A portrait of the gallery's, in its final size from the start; a silhouette where it cannot be had (any more). */
export function Portrait(props: { src: string | undefined; alt: string }) {
  const [state, setState] = createSignal<"loading" | "shown" | "missing">("loading");
  // An address that is set again without a change loads nothing.
  const src = createMemo(() => props.src);
  let retries = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  createEffect(
    on(
      src,
      () => {
        clearTimeout(timer);
        retries = 0;
        setState("loading");
      },
      { defer: true },
    ),
  );
  onCleanup(() => clearTimeout(timer));
  /** The server may have been away: it is asked again behind the silhouette. */
  const miss = () => {
    setState("missing");
    const delayMs = RETRY_MS[retries++];
    if (delayMs !== undefined) timer = setTimeout(probe, delayMs);
  };
  const probe = () => {
    const address = src();
    if (!address) return;
    const picture = new Image();
    picture.addEventListener("load", () => address === src() && setState("loading"));
    picture.addEventListener("error", () => address === src() && miss());
    picture.src = address;
  };
  return (
    <span class="portrait" data-state={props.src ? state() : "loading"}>
      <Show when={props.src && state() !== "missing"}>
        <img
          src={props.src}
          alt={props.alt}
          width="320"
          height="320"
          decoding="async"
          onLoad={() => setState("shown")}
          onError={miss}
        />
      </Show>
      <Show when={props.src && state() === "missing"}>
        <Silhouette alt={props.alt} />
      </Show>
    </span>
  );
}
