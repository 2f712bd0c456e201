import { createSignal } from "solid-js";
import type { GalleryReceipt } from "@similarfaces/contracts/api";
import { announce } from "../announce";
import { counted } from "../formats";

/** What was done last, shown on whichever page of the gallery comes next. */
export interface News {
  title: string;
  text: string;
}

const [news, setNews] = createSignal<News>();
export { news };

export function showNews(title: string, text = ""): void {
  setNews({ title, text });
  announce(`${title} ${text}`);
}

export function forgetNews(): void {
  setNews(undefined);
}

/** A receipt in words: what was really removed. */
export function receiptWords({ identities, faces, thumbnails }: GalleryReceipt): string {
  const parts = [
    ...(identities > 0 ? [counted(identities, "person", "people")] : []),
    counted(faces, "face with its numbers", "faces with their numbers"),
    counted(thumbnails, "portrait"),
  ];
  return `Deleted for good: ${parts.join(", ")}.`;
}

/** Where the keyboard goes on when what had the focus is gone. */
export function focusMain(): void {
  // A dialog that closes gives the focus back first.
  queueMicrotask(() => document.getElementById("main")?.focus({ preventScroll: true }));
}
