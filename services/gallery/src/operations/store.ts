import { StageFailure } from "@similarfaces/contracts";
import type { GalleryDriver } from "../drivers/driver.js";
import { createTurns, type Turns } from "./turns.js";

/** A driver as the operations use it: with one way to carry out a change, and turns for changes of one identity. */
export interface Store extends Pick<GalleryDriver, "records" | "vectors" | "notes"> {
  readonly commit: NonNullable<GalleryDriver["commit"]>;
  readonly inTurn: Turns;
}

export function storeOf(driver: GalleryDriver): Store {
  return {
    records: driver.records,
    vectors: driver.vectors,
    notes: driver.notes,
    commit: driver.commit ? (change) => driver.commit!(change) : inOrder(driver),
    inTurn: createTurns(),
  };
}

/**
 * Vectors first: a face is in the gallery as soon as it is listed, and what ends between the two writes leaves a vector
 * that nothing lists, never a listed face without its vector, nor an embedding after its face was deleted.
 */
function inOrder({ records, vectors }: GalleryDriver): Store["commit"] {
  return async ({ record, removed = false, put = [], remove = [] }) => {
    if (put.length > 0 && !(await vectors.put(put))) return undefined;
    if (remove.length > 0) await vectors.remove(remove);
    if (removed) return (await records.remove(record)) ? record : undefined;
    try {
      return await records.write(record);
    } catch (error) {
      // The record was surely not written, and a full store is not to keep vectors for nothing.
      if (put.length > 0 && error instanceof StageFailure && error.code === "gallery_full") {
        await vectors.remove(put.map(({ face }) => face.id)).catch(() => {});
      }
      throw error;
    }
  };
}
