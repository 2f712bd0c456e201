import { Show, type JSX } from "solid-js";
import "./Notice.css";

export interface NoticeProps {
  kind?: "plain" | "bad";
  /** Somebody else announces it (announce.tsx). */
  isAnnounced?: boolean;
  title: string;
  /** What to do next. */
  children?: JSX.Element;
  /** Buttons and links. */
  actions?: JSX.Element;
  onClose?: () => void;
}

/** Something that a person should know, in words: what it is, and what to do next. */
export function Notice(props: NoticeProps) {
  return (
    <div
      class="notice"
      data-kind={props.kind ?? "plain"}
      role={props.isAnnounced ? undefined : props.kind === "bad" ? "alert" : "status"}
    >
      <div class="notice-text">
        <p class="notice-title">{props.title}</p>
        <Show when={props.children}>
          <div class="quiet">{props.children}</div>
        </Show>
        <Show when={props.actions}>
          <div class="notice-actions">{props.actions}</div>
        </Show>
      </div>
      <Show when={props.onClose} keyed>
        {(close) => (
          <button
            class="button button-plain button-icon"
            aria-label="Close this message"
            onClick={() => close()}
          >
            ✕
          </button>
        )}
      </Show>
    </div>
  );
}
