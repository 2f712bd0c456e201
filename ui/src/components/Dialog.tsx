import { onCleanup, onMount, type JSX } from "solid-js";
import "./Dialog.css";

export interface DialogProps {
  title: string;
  onClose: () => void;
  children: JSX.Element;
  /** Buttons, the safe one first in the order of focus. */
  actions?: JSX.Element;
}

/** A modal question. The browser keeps the focus inside, closes it on Escape and gives the focus back. */
export function Dialog(props: DialogProps) {
  let dialog!: HTMLDialogElement;
  onMount(() => dialog.showModal());
  // Closed by a button of its own it would be gone without giving the focus back.
  let isGone = false;
  onCleanup(() => {
    isGone = true;
    dialog.close();
  });
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-label={props.title}
      onClose={() => isGone || props.onClose()}
      onClick={(event) => event.target === dialog && dialog.close()}
    >
      <div class="dialog-body">
        <h2>{props.title}</h2>
        {props.children}
        <div class="dialog-actions">{props.actions}</div>
      </div>
    </dialog>
  );
}
