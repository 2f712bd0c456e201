import { Show, createEffect, createMemo, createSignal, on, onCleanup } from "solid-js";
import "./Portrait.css";

/** After these times a picture that could not be had is asked for again. */
const RETRY_MS = [3_000, 10_000];

/** A face's picture in its final size from the start; a silhouette where it cannot be had (any more). */
export function Portrait(props: {
  src: string | undefined;
  alt: string;
  size?: "small" | "large";
  /** Of a sheet of faces, one below the other: which of them. */
  row?: number;
}) {
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
    <span class="portrait" data-size={props.size ?? "small"} data-state={props.src ? state() : "loading"}>
      <Show when={props.src && state() !== "missing"}>
        <img
          src={props.src}
          alt={props.alt}
          // What would be dragged is the whole sheet.
          draggable={props.row === undefined}
          data-row={props.row}
          style={props.row === undefined ? {} : { "--row": String(props.row) }}
          width="144"
          height="144"
          decoding="async"
          onLoad={() => setState("shown")}
          onError={miss}
        />
      </Show>
      <Show when={props.src && state() === "missing"}>
        <svg
          viewBox="0 0 24 24"
          role="img"
          aria-hidden={props.alt === ""}
          aria-label={`${props.alt} (no picture)`}
        >
          <circle cx="12" cy="9.5" r="4" />
          <path d="M4.500 21a7.500 7.500 0 0 1 15 0z" />
        </svg>
      </Show>
    </span>
  );
}
