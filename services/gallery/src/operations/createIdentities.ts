import { nameKey } from "@similarfaces/contracts";
import type { GalleryDriver } from "../drivers/driver.js";
import { deletionsOf } from "./deletions.js";
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
    deletions: deletionsOf(store),
    named: (name) => store.records.named(nameKey(name)),
    storedFor: (identityId) => store.vectors.storedFor(identityId),
    removeStored: (faceIds) => store.vectors.remove(faceIds),
    countFacesOf: (identityIds) => store.vectors.countFor(identityIds),
    nearest: (probe, count) => nearestIdentities(store, probe, count),
    ...createEnrolling(store),
    ...createEditing(store),
    ...createListing(store),
  };
}
