import type { GalleryNotes } from "../driver.js";
import { noteKey, type GalleryBucket } from "./bucket.js";

/** Notes in the bucket, as JSON. */
export function createNotes(bucket: GalleryBucket): GalleryNotes {
  return {
    async read(name) {
      const found = await bucket.readNote(name);
      if (!found) return undefined;
      return { value: JSON.parse(Buffer.from(found.bytes).toString("utf8")), version: found.revision };
    },

    async write(name, value, version) {
      const bytes = Buffer.from(JSON.stringify(value));
      const revision = await bucket.writeNote(name, bytes, version as number | undefined);
      return revision === undefined ? undefined : { value, version: revision };
    },

    async remove(name, version) {
      await bucket.delete(noteKey(name), version as number);
    },
  };
}
