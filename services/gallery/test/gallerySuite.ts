import { describe, expect, it } from "vitest";
import type { ComparedModels, GalleryDriver } from "../src/drivers/driver.js";
import { MODEL, embedding, page, probe } from "./fixtures.js";
import { testChanging } from "./suite/changing.js";
import { testDeleting } from "./suite/deleting.js";
import { testEnrolling } from "./suite/enrolling.js";
import { testListing } from "./suite/listing.js";
import { testMoving } from "./suite/moving.js";
import { testNaming } from "./suite/naming.js";
import { testPortraits } from "./suite/portraits.js";
import { testReplicas } from "./suite/replicas.js";
import { testSearching } from "./suite/searching.js";
import { createStores } from "./suite/stores.js";

/**
 * What every gallery does alike. `openDriver` opens the store of that name (letters, digits and hyphens): a new name is
 * an empty gallery, and two drivers that are open on one name are two replicas.
 */
export function testGallery(
  name: string,
  openDriver: (store: string, models: ComparedModels) => Promise<GalleryDriver>,
  options: {
    /** Frees what a store takes of the server, after the test that used it. */
    dispose?: (store: string) => Promise<void>;
  } = {},
): void {
  describe(`the gallery on ${name}`, () => {
    const stores = createStores(openDriver, options.dispose);
    const { openGallery } = stores;

    it("is empty at first", async () => {
      const gallery = await openGallery();
      expect(gallery.ready()).toBe(true);
      expect(await gallery.search(probe(embedding(1)), 5)).toEqual({ candidates: [], galleryFaces: 0 });
      expect(await gallery.statistics()).toMatchObject({
        identities: 0,
        faces: 0,
        driver: gallery.driver,
        model: MODEL,
        notSearched: [],
      });
      expect(await gallery.list(page(10))).toMatchObject({ identities: [], nextPageToken: "", total: 0 });
      expect(await gallery.exportFaces({ pageSize: 10, pageToken: "" })).toMatchObject({
        faces: [],
        nextPageToken: "",
      });
    });

    testSearching(stores);
    testEnrolling(stores);
    testPortraits(stores);
    testListing(stores);
    testChanging(stores);
    testDeleting(stores);
    testNaming(stores);
    testMoving(stores);
    testReplicas(stores);
  });
}
