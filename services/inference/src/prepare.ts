import type { ManifestInput } from "./manifest.js";
import type { Picture } from "./model.js";

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
  const raw =
    input.dtype === "uint8" && input.layout === "NHWC" && input.colour === "RGB" && input.range[1] === 255;
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
  const plane = rows * columns;
  const data = dtype === "uint8" ? new Uint8Array(plane * 3) : new Float32Array(plane * 3);
  const scale = (range[1] - range[0]) / 255;
  for (let y = 0; y < rows; y++) {
    let from = ((top + y) * width + left) * 3;
    for (let x = 0; x < columns; x++, from += 3) {
      const cell = y * columns + x;
      for (let c = 0; c < 3; c++) {
        const value = pixels[from + (colour === "RGB" ? c : 2 - c)]! * scale + range[0];
        data[layout === "NHWC" ? cell * 3 + c : c * plane + cell] = value;
      }
    }
  }
  return data;
}
