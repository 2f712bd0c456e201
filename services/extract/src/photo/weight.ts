import type { ImageWork } from "@similarfaces/contracts";

/** Up to here a photo is like any other: 60 MB decoded, well below a second of decoding whatever the format. */
const SMALL_PIXELS_MAX = 20_000_000;
/** An AVIF is decoded in a process of its own, and may take seconds at any size. */
const AVIF_WEIGHT = 1.5;

export function isLargePhoto({ width, height }: { width: number; height: number }): boolean {
  return width * height > SMALL_PIXELS_MAX;
}

/** How much of the stage's room a photo takes: by its pixels, which are memory and time; beyond 1 it is heavy. */
export function weightOf({ size, contentType }: ImageWork): number {
  const pixels = (size?.width ?? 0) * (size?.height ?? 0);
  return Math.max(1, pixels / SMALL_PIXELS_MAX + (contentType === "image/avif" ? AVIF_WEIGHT : 0));
}
