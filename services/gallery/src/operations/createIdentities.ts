import type { GalleryDriver } from "../drivers/driver.js";
import { createEditing } from "./editing.js";
import { createEnrolling } from "./enrolling.js";
import type { Identities } from "./identities.js";
import { createListing } from "./listing.js";
import { nearestIdentities } from "./nearest.js";
import { storeOf } from "./store.js";

/** The same operations on any driver. */
export function createIdentities(driver: GalleryDriver): Identities {
  const store = storeOf(driver);
  return {
    name: driver.name,
    ready: () => driver.ready(),
    close: () => driver.close(),
    nearest: (probe, count) => nearestIdentities(store, probe, count),
    ...createEnrolling(store),
    ...createEditing(store),
    ...createListing(store),
  };
}
