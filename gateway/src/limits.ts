/** Bytes of a request's body. */
export const BODY_BYTES_MAX = 20 * 1024 * 1024;
/** Bytes of one message that a page sends over its socket: a job id and a sequence. */
export const SOCKET_MESSAGE_BYTES_MAX = 4 * 1024;
/** Seconds that `Prefer: wait` may ask for; proxies end what is silent for longer. */
export const WAIT_SECONDS_MAX = 60;
