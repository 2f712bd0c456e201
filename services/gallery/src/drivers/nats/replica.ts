import { StageFailure } from "@similarfaces/contracts";
import type { Catalogue, IdentityEntry } from "./catalogue.js";
import type { Follower } from "./follower.js";
import type { GalleryRecord } from "./record.js";

/** What the driver's parts work with. */
export interface Replica {
  readonly record: GalleryRecord;
  readonly catalogue: Catalogue;
  readonly follower: Follower;
}

/** Changes to one record that others may come before. */
export const TRIES_MAX = 20;

/** What anybody has changed before this call is in memory after it. */
export async function caughtUp({ record, follower }: Replica): Promise<void> {
  follower.mustServe();
  await follower.reached(await record.lastRevision());
}

/** @throws StageFailure identity_not_found */
export function identityIn(catalogue: Catalogue, id: string): IdentityEntry {
  const identity = catalogue.identity(id);
  if (!identity) throw new StageFailure("identity_not_found");
  return identity;
}

export function contended(): StageFailure {
  return new StageFailure("gallery_unavailable", "others change the same part of the gallery all the time");
}
