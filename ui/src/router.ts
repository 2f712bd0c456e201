import { createSignal } from "solid-js";

export type Route =
  | { page: "analyse"; jobId?: string }
  | { page: "gallery"; identityId?: string }
  | { page: "about" }
  | { page: "missing" };

/** The addresses that the gateway answers with the page (gateway/src/system/site.ts). */
function routeOf(path: string): Route {
  const [first = "", second, ...rest] = path.split("/").slice(1);
  if (rest.length > 0) return { page: "missing" };
  if (first === "" && second === undefined) return { page: "analyse" };
  if (first === "jobs" && second) return { page: "analyse", jobId: second };
  if (first === "gallery") return { page: "gallery", ...(second ? { identityId: second } : {}) };
  if (first === "about" && second === undefined) return { page: "about" };
  return { page: "missing" };
}

const [place, setPlace] = createSignal(here(), {
  equals: (a, b) => a.path === b.path && a.query === b.query,
});

/** Where the visitor is. */
export const route = (): Route => routeOf(place().path);
export const query = (): URLSearchParams => new URLSearchParams(place().query);

/** Goes to an address of the page; `replace` leaves no way back to the one before. */
export function navigate(address: string, { replace = false } = {}): void {
  if (address !== location.pathname + location.search) {
    history[replace ? "replaceState" : "pushState"](null, "", address);
  }
  setPlace(here());
}

addEventListener("popstate", () => setPlace(here()));

function here(): { path: string; query: string } {
  return { path: location.pathname, query: location.search };
}
