import { chipSideOf, type Manifest, type ManifestInput } from "../packs/manifest.js";
import type { Picture } from "../model.js";
import { shrinkSquare } from "./shrink.js";

/** What a graph's input wants of a picture: its values and dimensions. */
export interface PreparedInput {
  dtype: "uint8" | "float32";
  data: Uint8Array | Float32Array;
  dims: number[];
}

/**
 * A picture, or several of one size (RGB, uint8, NHWC), as a graph's manifest wants them: of chips larger than the manifest's the middle.
 * Graphs that take raw pixels of this size get them untouched; others cost a pass over the pixels, here in the worker and not in the pipeline.
 * @throws RangeError for a chip that is smaller than the graph's, in words
 */
export function prepareInput(picture: Picture, manifest: Pick<Manifest, "task" | "inputs">): PreparedInput {
  const [input] = manifest.inputs;
  const { pixels, width, height, count = 1 } = picture;
  const bytes = width * height * 3;
  if (pixels.byteLength !== count * bytes) {
    throw new RangeError(`${pixels.byteLength} bytes are not ${count} of ${width}x${height} pixels`);
  }
  const [columns, rows] = middleOf(picture, input, chipSideOf(manifest));
  const isWhole = columns === width && rows === height && input.shrink === undefined;
  if (isWhole && isRaw(input)) return { dtype: "uint8", data: pixels, dims: [count, height, width, 3] };

  const [toColumns, toRows] = input.shrink === undefined ? [columns, rows] : [input.shrink, input.shrink];
  const length = toRows * toColumns * 3;
  const data = input.dtype === "uint8" ? new Uint8Array(count * length) : new Float32Array(count * length);
  for (let n = 0; n < count; n++) {
    const one = { pixels: pixels.subarray(n * bytes, (n + 1) * bytes), width, height };
    const shrunk = input.shrink === undefined ? one : shrinkSquare(one, columns, input.shrink);
    convert(shrunk, input, {
      columns: toColumns,
      rows: toRows,
      to: data.subarray(n * length, (n + 1) * length),
    });
  }
  const dims = input.layout === "NHWC" ? [count, toRows, toColumns, 3] : [count, 3, toRows, toColumns];
  return { dtype: input.dtype, data, dims };
}

/** Columns and rows of what is taken of a picture, from its middle: of frames and crops all. */
function middleOf(
  { width, height }: Picture,
  { crop }: ManifestInput,
  chipSide: number | undefined,
): readonly [number, number] {
  if (chipSide === undefined) return [width, height];
  if (width < chipSide || height < chipSide) {
    throw new RangeError(
      `a chip of ${width}x${height} is too small, the model wants ${chipSide}x${chipSide}`,
    );
  }
  const side = crop ?? chipSide;
  return [side, side];
}

/** Whether the graph takes pixels as they are. */
const isRaw = ({ dtype, layout, colour, range: [low, high] }: ManifestInput): boolean =>
  dtype === "uint8" && layout === "NHWC" && colour === "RGB" && low === 0 && high === 255;

function convert(
  { pixels, width, height }: Picture,
  { dtype, layout, colour, range }: ManifestInput,
  { columns, rows, to }: { columns: number; rows: number; to: Uint8Array | Float32Array },
): void {
  const left = (width - columns) >> 1;
  const top = (height - rows) >> 1;
  const table = valuesOfBytes(dtype, range);
  const [first, second, third] = colour === "RGB" ? [0, 1, 2] : [2, 1, 0];
  // Distance from one pixel to the next, and from one channel of a pixel to the next.
  const [pixelStep, channelStep] = layout === "NHWC" ? [3, 1] : [1, rows * columns];
  let at = 0;
  for (let y = 0; y < rows; y++) {
    let from = ((top + y) * width + left) * 3;
    for (let x = 0; x < columns; x++, from += 3, at += pixelStep) {
      to[at] = table[pixels[from + first]!]!;
      to[at + channelStep] = table[pixels[from + second]!]!;
      to[at + 2 * channelStep] = table[pixels[from + third]!]!;
    }
  }
}

/** What each of the 256 values of a byte becomes: a table is faster than computing it 2 million times a frame. */
function valuesOfBytes(
  dtype: ManifestInput["dtype"],
  [low, high]: ManifestInput["range"],
): Uint8Array | Float32Array {
  const values = Array.from({ length: 256 }, (_, byte) => low + (byte * (high - low)) / 255);
  return dtype === "uint8" ? Uint8Array.from(values, Math.round) : Float32Array.from(values);
}
