import type { AnnouncementJson } from "./shapes.js";

/**
 * Where models that run announce themselves: a key-value bucket, a record (`Announcement`, as its JSON) under each one's name. A record
 * that has not been renewed within the lease is gone, so the bucket holds the analyzers that jobs may ask for, and the sides of their chips.
 */
export const MODEL_BUCKET = "SF_MODELS";
export const MODEL_STREAM = `KV_${MODEL_BUCKET}`;

/** The bucket of an earlier version: `provision` deletes it. */
export const RETIRED_STREAM = "KV_SF_ANALYZERS";

/** Where the record of the model of this name is written: a bucket's key, as a subject. */
export const announcementSubject = (name: string): string => `$KV.${MODEL_BUCKET}.${name}`;

/**
 * No shorter than a job's usual deadline: what a job asked for while it was announced is answered or expired by the time at which the
 * consumer of a dead analyzer is deleted.
 */
export const LEASE_MS = 60_000;
/** Three times in a lease, so that a write that fails, or a broker that is away for a while, ends no announcement. */
export const RENEW_MS = LEASE_MS / 3;

/** Of a record's JSON: the broker takes messages of 1 MB, and every page that is open gets the whole list. */
export const ANNOUNCEMENT_BYTES_MAX = 512 * 1024;

/**
 * An announcement without what differs between replicas of one model on different processors: the variant that runs, and its figures. They
 * write one record in turns.
 */
export const withoutVariant = (announcement: AnnouncementJson): AnnouncementJson => ({
  ...announcement,
  model: { ...announcement.model, precision: "", measured: [] },
});
