/**
 * Where analyzers announce themselves: a key-value bucket, a record (`Announcement`, as its JSON) under each one's name. The bucket forgets
 * a record that has not been renewed within the lease, whoever died; so what stands in it is what jobs may ask for.
 */
export const ANALYZER_BUCKET = "SF_ANALYZERS";
export const ANALYZER_STREAM = `KV_${ANALYZER_BUCKET}`;

/** Where the record of the analyzer of this name is written: a bucket's key, as a subject. */
export const announcementSubject = (name: string): string => `$KV.${ANALYZER_BUCKET}.${name}`;

/**
 * No shorter than a job's usual deadline: what a job asked for while it was announced is answered or expired by the time at which the
 * consumer of a dead analyzer is taken away.
 */
export const LEASE_MS = 60_000;
/** A record is renewed three times in its lease: one write may fail, and the broker be away for a while. */
export const RENEW_MS = LEASE_MS / 3;
