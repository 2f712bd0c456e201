/** A decoder's answer begins with width and height, uint32 little endian each; the pixels follow, RGB, row by row. */
export const SIZE_BYTES = 8;

/** By which signal a decoder ends itself when its processor time is over: the system's own name for it. */
export const DECODER_TOO_SLOW = "SIGVTALRM";
