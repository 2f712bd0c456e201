/** Bytes of a request's body. */
export const BODY_BYTES_MAX = 20 * 1024 * 1024;
/** How long a body may take in all, and how long it may be slower than 16 KiB/s. */
export const BODY_MS_MAX = 120_000;
export const BODY_WINDOW_MS = 7_000;
/** How much of a body is read and dropped after its answer, so that the client can read the answer. */
export const DRAIN_BYTES_MAX = 64 * 1024 * 1024;
export const DRAIN_MS_MAX = 30_000;
/** Bytes of one message that a page sends over its socket: a job id and a sequence. */
export const SOCKET_MESSAGE_BYTES_MAX = 4 * 1024;
/** Seconds that `Prefer: wait` may ask for; proxies close connections that are silent for longer. */
export const WAIT_SECONDS_MAX = 60;
