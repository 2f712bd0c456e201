/**
 * A decoder's answer begins with width, height, and the decoded rectangle's left, top, width and height, then 1 where the file was cut short:
 * uint32 little endian each. The pixels follow, RGB, row by row.
 */
export const HEAD_BYTES = 28;

/** By which signal a decoder ends itself when its processor time is over: the system's own name for it. */
export const DECODER_TOO_SLOW = "SIGVTALRM";

/** Its exit code where the photo cannot be decoded; any other is a fault of ours. */
export const DECODER_REFUSED = 65;
