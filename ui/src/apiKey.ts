import { createSignal } from "solid-js";

/** The key for changing the gallery, kept for this tab only; empty where none was given. */
const [apiKey, setSignal] = createSignal(read());

export { apiKey };

export function setApiKey(key: string): void {
  setSignal(key.trim());
  try {
    sessionStorage.setItem("apiKey", key.trim());
  } catch {
    // Storage is switched off: until the page is left, then.
  }
}

function read(): string {
  try {
    return sessionStorage.getItem("apiKey") ?? "";
  } catch {
    return "";
  }
}
