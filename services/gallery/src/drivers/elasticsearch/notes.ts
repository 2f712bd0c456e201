import type { GalleryNotes } from "../driver.js";
import { removeNote, writeNote, type Version } from "./documents.js";
import type { Store } from "./store.js";

/** A note is one document, read and written by id. */
export function createNotes({ reads, write }: Store): GalleryNotes {
  return {
    read: (name) => reads.note(name),

    async write(name, value, version) {
      const [isConflict] = await write([writeNote(name, value, version as Version | undefined)]);
      if (isConflict) return undefined;
      // The version that the server has given is in the document alone.
      return reads.note(name);
    },

    async remove(name, version) {
      await write([removeNote(name, version as Version)]);
    },
  };
}
