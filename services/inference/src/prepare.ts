import type { ManifestInput } from "./manifest.js";
import type { Picture } from "./model.js";
import { shrinkSquare } from "./shrink.js";

/** What a graph's input wants of a picture: its values and dimensions. */
export interface PreparedInput {
  dtype: "uint8" | "float32";
  data: Uint8Array | Float32Array;
  dims: number[];
}

/**
 * A picture (RGB, uint8, NHWC) as a graph's manifest wants it. Graphs that take raw pixels get them untouched; others
 * cost a pass over the pixels, here in the worker and not in the pipeline.
 * @throws RangeError if the crop is larger than the picture
 */
export function prepareInput(picture: Picture, input: ManifestInput): PreparedInput {
  const { width, height } = picture;
  if (input.shrink !== undefined) {
    const { crop = Math.min(width, height), shrink, ...whole } = input;
    return prepareInput(shrinkSquare(picture, crop, shrink), whole);
  }
  const [low, high] = input.range;
  const raw =
    input.dtype === "uint8" && input.layout === "NHWC" && input.colour === "RGB" && low === 0 && high === 255;
  if (raw && input.crop === undefined) {
    return { dtype: "uint8", data: picture.pixels, dims: [1, height, width, 3] };
  }
  const [columns, rows] = input.crop === undefined ? [width, height] : [input.crop, input.crop];
  if (columns > width || rows > height) {
    throw new RangeError(`a crop of ${columns}x${rows} does not fit into ${width}x${height}`);
  }
  return {
    dtype: input.dtype,
    data: convert(picture, input, columns, rows),
    dims: input.layout === "NHWC" ? [1, rows, columns, 3] : [1, 3, rows, columns],
  };
}

function convert(
  { pixels, width, height }: Picture,
  { dtype, layout, colour, range }: ManifestInput,
  columns: number,
  rows: number,
): Uint8Array | Float32Array {
  const left = (width - columns) >> 1;
  const top = (height - rows) >> 1;
  const data = dtype === "uint8" ? new Uint8Array(rows * columns * 3) : new Float32Array(rows * columns * 3);
  const table = valuesOfBytes(dtype, range);
  const [first, second, third] = colour === "RGB" ? [0, 1, 2] : [2, 1, 0];
  // Distance from one pixel to the next, and from one channel of a pixel to the next.
  const [pixelStep, channelStep] = layout === "NHWC" ? [3, 1] : [1, rows * columns];
  let to = 0;
  for (let y = 0; y < rows; y++) {
    let from = ((top + y) * width + left) * 3;
    for (let x = 0; x < columns; x++, from += 3, to += pixelStep) {
      data[to] = table[pixels[from + first]!]!;
      data[to + channelStep] = table[pixels[from + second]!]!;
      data[to + 2 * channelStep] = table[pixels[from + third]!]!;
    }
  }
  return data;
}

/** What each of the 256 values of a byte becomes: a table is faster than computing it 2 million times a frame. */
function valuesOfBytes(
  dtype: ManifestInput["dtype"],
  [low, high]: ManifestInput["range"],
): Uint8Array | Float32Array {
  const values = Array.from({ length: 256 }, (_, byte) => low + (byte * (high - low)) / 255);
  return dtype === "uint8" ? Uint8Array.from(values, Math.round) : Float32Array.from(values);
}
