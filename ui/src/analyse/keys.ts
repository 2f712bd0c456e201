import { onCleanup } from "solid-js";

/** Keys of the page while the component lives: not in fields and dialogs, not with Ctrl, Alt or ⌘, which are the browser's. */
export function onKeys(keys: Readonly<Record<string, (event: KeyboardEvent) => void>>): void {
  const listen = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    if (document.querySelector("dialog[open]")) return;
    const target = event.target as HTMLElement;
    if (target.closest("input, textarea, select, [contenteditable]")) return;
    keys[event.key]?.(event);
  };
  document.addEventListener("keydown", listen);
  onCleanup(() => document.removeEventListener("keydown", listen));
}
