/**
 * Where analyzers announce themselves: a key-value bucket, a record (`Announcement`, as its JSON) under each one's name. A record
 * that has not been renewed within the lease is gone, so the bucket holds the analyzers that jobs may ask for.
 */
export const ANALYZER_BUCKET = "SF_ANALYZERS";
export const ANALYZER_STREAM = `KV_${ANALYZER_BUCKET}`;

/** Where the record of the analyzer of this name is written: a bucket's key, as a subject. */
export const announcementSubject = (name: string): string => `$KV.${ANALYZER_BUCKET}.${name}`;

/**
 * No shorter than a job's usual deadline: what a job asked for while it was announced is answered or expired by the time at which the
 * consumer of a dead analyzer is deleted.
 */
export const LEASE_MS = 60_000;
/** Three times in a lease, so that a write that fails, or a broker that is away for a while, ends no announcement. */
export const RENEW_MS = LEASE_MS / 3;

/** Of a record's JSON: the broker takes messages of 1 MB, and every page that is open gets the whole list. */
export const ANNOUNCEMENT_BYTES_MAX = 512 * 1024;
