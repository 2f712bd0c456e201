import { placeAt, type Place } from "@similarfaces/contracts/pages";
import { createSignal } from "solid-js";

export type Route = Place | { page: "missing" };

const [place, setPlace] = createSignal(partsOf(location.href), {
  equals: (a, b) => a.path === b.path && a.query === b.query,
});

/** Where the visitor is. */
export const route = (): Route => placeAt(place().path) ?? { page: "missing" };
export const query = (): URLSearchParams => new URLSearchParams(place().query);
/** The same as an address to go back to. */
export const address = (): string => place().path + place().query;

/** Goes to an address of the page; `replace` leaves no way back to the one before. */
export function navigate(to: string, { replace = false } = {}): void {
  if (to !== address()) {
    try {
      history[replace ? "replaceState" : "pushState"](null, "", to);
    } catch {
      // Safari takes a hundred changes in half a minute; the page goes on without them.
    }
  }
  setPlace(partsOf(to));
}

/** Changes one value of the address and stays on the page; undefined takes it out. */
export function amendQuery(name: string, value: string | undefined): void {
  const parts = query();
  if (value === undefined) parts.delete(name);
  else parts.set(name, value);
  navigate(place().path + (parts.size > 0 ? `?${parts}` : ""), { replace: true });
}

addEventListener("popstate", () => setPlace(partsOf(location.href)));

function partsOf(to: string): { path: string; query: string } {
  const { pathname, search } = new URL(to, location.href);
  return { path: pathname, query: search };
}
