import { createRoot, createResource } from "solid-js";
import { getAbout } from "./api/installation";

/** What this installation is and keeps (`/v1/about`), asked for once; undefined until it is known, or if it cannot be. */
const installation = createRoot(() => {
  const [about] = createResource(() => getAbout().catch(() => undefined));
  return about;
});

// Never suspends what reads it: the page is whole without.
export const about = () => installation.latest;
