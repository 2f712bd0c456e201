/** A decoder's answer begins with width and height, uint32 little endian each; the pixels follow, RGB, row by row. */
export const SIZE_BYTES = 8;

/** By which signal a decoder ends itself when its processor time is over: the system's own name for it. */
export const DECODER_TOO_SLOW = "SIGVTALRM";

/** Its exit code where the photo cannot be decoded; any other is a fault of ours. */
export const DECODER_REFUSED = 65;
