import { Show, createEffect, createMemo, createSignal, on } from "solid-js";
import "./Portrait.css";

/** A face's picture in its final size from the start; a silhouette where it cannot be had (any more). */
export function Portrait(props: { src: string | undefined; alt: string; size?: "small" | "large" }) {
  const [state, setState] = createSignal<"loading" | "shown" | "missing">("loading");
  // What says the same again loads nothing again.
  const src = createMemo(() => props.src);
  createEffect(on(src, () => setState("loading"), { defer: true }));
  return (
    <span class="portrait" data-size={props.size ?? "small"} data-state={props.src ? state() : "loading"}>
      <Show when={props.src && state() !== "missing"}>
        <img
          src={props.src}
          alt={props.alt}
          width="144"
          height="144"
          decoding="async"
          onLoad={() => setState("shown")}
          onError={() => setState("missing")}
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
