import type { Picture } from "../model.js";

/** What a pixel of the shrunk side is made of: source pixels from `first` on, with shares that sum to 1. */
interface Span {
  readonly first: number;
  readonly shares: readonly number[];
}

/**
 * The central square of a picture (RGB, uint8), `crop` pixels wide, at a smaller side: each pixel is the mean of the area that it covers,
 * as OpenCV's INTER_AREA. A pass over its pixels, for worker threads.
 * @throws RangeError if the square does not fit into the picture, or is smaller than the side
 */
export function shrinkSquare({ pixels, width, height }: Picture, crop: number, side: number): Picture {
  if (crop > width || crop > height || side > crop) {
    throw new RangeError(`${crop}x${crop} of ${width}x${height} cannot be shrunk to ${side}x${side}`);
  }
  const spans = spansOf(crop, side);
  const [left, top] = [(width - crop) >> 1, (height - crop) >> 1];
  // Rows first: what lies beside each other in memory is read once.
  const rows = new Float32Array(side * crop * 3);
  for (let y = 0; y < side; y++) {
    const { first, shares } = spans[y]!;
    const to = y * crop * 3;
    for (let row = 0; row < shares.length; row++) {
      const share = shares[row]!;
      const from = ((top + first + row) * width + left) * 3;
      for (let i = 0; i < crop * 3; i++) rows[to + i]! += share * pixels[from + i]!;
    }
  }
  const shrunk = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const { first, shares } = spans[x]!;
      let [red, green, blue] = [0, 0, 0];
      for (let column = 0; column < shares.length; column++) {
        const at = (y * crop + first + column) * 3;
        const share = shares[column]!;
        red += share * rows[at]!;
        green += share * rows[at + 1]!;
        blue += share * rows[at + 2]!;
      }
      const to = (y * side + x) * 3;
      shrunk[to] = red + 0.5;
      shrunk[to + 1] = green + 0.5;
      shrunk[to + 2] = blue + 0.5;
    }
  }
  return { pixels: shrunk, width: side, height: side };
}

function spansOf(from: number, to: number): Span[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, index) => {
    const [start, end] = [index * scale, (index + 1) * scale];
    const first = Math.floor(start + 1e-9);
    const count = Math.ceil(end - 1e-9) - first;
    const shares = Array.from(
      { length: count },
      (__, i) => (Math.min(end, first + i + 1) - Math.max(start, first + i)) / scale,
    );
    return { first, shares };
  });
}
