import { randomUUID } from "node:crypto";
import type { Blobs } from "@similarfaces/runtime";
import { afterEach } from "vitest";
import type { ComparedModels, GalleryDriver } from "../../src/drivers/driver.js";
import { createGallery } from "../../src/operations/createGallery.js";
import type { Gallery } from "../../src/operations/gallery.js";
import { createIdentities } from "../../src/operations/createIdentities.js";
import type { Identities } from "../../src/operations/identities.js";
import { MODEL, memoryBlobs } from "../fixtures.js";

/** Where the suite's galleries are; what a test has opened is closed after it. */
export interface Stores {
  /** The name of an empty store. */
  newStore(): string;
  /** Without portraits; not closed after the test. */
  open(store: string, models: ComparedModels): Promise<Identities>;
  /** Two that are open on one store are two replicas. */
  openGallery(store?: string, blobs?: Blobs, models?: ComparedModels): Promise<Gallery>;
  /** For galleries that were made otherwise. */
  readonly opened: Gallery[];
}

/** To be called where the tests are described. */
export function createStores(
  openDriver: (store: string, models: ComparedModels) => Promise<GalleryDriver>,
  dispose: ((store: string) => Promise<void>) | undefined,
): Stores {
  const opened: Gallery[] = [];
  const stores: string[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((gallery) => gallery.close()));
    await Promise.all(stores.splice(0).map((store) => dispose?.(store)));
  });
  const newStore = () => {
    const store = `suite-${randomUUID()}`;
    stores.push(store);
    return store;
  };
  const open = async (store: string, models: ComparedModels) =>
    createIdentities(await openDriver(store, models));
  return {
    opened,
    newStore,
    open,
    async openGallery(store = newStore(), blobs = memoryBlobs(), models: ComparedModels = [MODEL]) {
      const gallery = createGallery(await open(store, models), blobs, models);
      opened.push(gallery);
      return gallery;
    },
  };
}
