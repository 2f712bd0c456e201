import { describe, expect, it } from "vitest";
import type { ManifestInput } from "../src/packs/manifest.js";
import { prepareInput as prepare } from "../src/input/prepare.js";
import { shrinkSquare } from "../src/input/shrink.js";
import type { Picture } from "../src/model.js";

/** Of a detector's manifest with such an input: it gets pictures of any size. */
const prepareInput = (picture: Picture, input: ManifestInput) =>
  prepare(picture, { task: "detect", inputs: [input] });
/** Of an analyzer's. */
const prepareChip = (picture: Picture, input: ManifestInput) =>
  prepare(picture, { task: "analyze", inputs: [input] });

const raw: ManifestInput = {
  name: "chip",
  dtype: "uint8",
  layout: "NHWC",
  shape: ["n", 112, 112, 3],
  colour: "RGB",
  range: [0, 255],
};
/** 2x2: red, green / blue, white. */
const picture = {
  pixels: new Uint8Array([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]),
  width: 2,
  height: 2,
};

describe("prepareInput", () => {
  it("hands raw pixels on untouched", () => {
    const { data, dims } = prepareInput(picture, raw);
    expect(data).toBe(picture.pixels);
    expect(dims).toEqual([1, 2, 2, 3]);
  });

  it("makes planes of floats in the range that the manifest names", () => {
    const input: ManifestInput = { ...raw, dtype: "float32", layout: "NCHW", range: [-1, 1] };
    const { data, dims } = prepareInput(picture, input);
    expect(dims).toEqual([1, 3, 2, 2]);
    expect([...data]).toEqual([1, -1, -1, 1, -1, 1, -1, 1, -1, -1, 1, 1]);
  });

  it("swaps to BGR without rescaling", () => {
    const input: ManifestInput = { ...raw, dtype: "float32", layout: "NCHW", colour: "BGR" };
    expect([...prepareInput(picture, input).data]).toEqual([0, 0, 255, 255, 0, 255, 0, 255, 255, 0, 0, 255]);
  });

  it("takes several pictures of one size as so many", () => {
    const both = {
      ...picture,
      pixels: new Uint8Array([...picture.pixels, ...picture.pixels.toReversed()]),
      count: 2,
    };
    const untouched = prepareInput(both, raw);
    expect(untouched.data).toBe(both.pixels);
    expect(untouched.dims).toEqual([2, 2, 2, 3]);
    const input: ManifestInput = { ...raw, dtype: "float32", layout: "NCHW", colour: "BGR" };
    const { data, dims } = prepareInput(both, input);
    expect(dims).toEqual([2, 3, 2, 2]);
    expect([...data]).toEqual(
      [picture.pixels, picture.pixels.toReversed()].flatMap((pixels) => [
        ...prepareInput({ ...picture, pixels }, input).data,
      ]),
    );
    expect(() => prepareInput({ ...picture, count: 3 }, raw)).toThrow("12 bytes are not 3 of 2x2 pixels");
  });
});

describe("a chip", () => {
  /** Each pixel is its place, row by row. */
  const chipOf = (side: number) => {
    const pixels = new Uint8Array(side * side * 3).map((_, i) => Math.floor(i / 3) & 255);
    return { pixels, width: side, height: side };
  };
  /** Of the middle of a larger chip. */
  const middle = (side: number, of: number) => {
    const edge = (of - side) / 2;
    return Array.from({ length: side }, (_, y) =>
      Array.from({ length: side }, (__, x) => ((y + edge) * of + x + edge) & 255),
    ).flat();
  };
  const everyThird = (data: ArrayLike<number>) => Array.from(data).filter((_, i) => i % 3 === 0);

  it("of the usual side is handed on untouched, several too", () => {
    const chip = chipOf(112);
    expect(prepareChip(chip, raw).data).toBe(chip.pixels);
    const two = { pixels: new Uint8Array(2 * 112 * 112 * 3), width: 112, height: 112, count: 2 };
    expect(prepareChip(two, raw)).toEqual({ dtype: "uint8", data: two.pixels, dims: [2, 112, 112, 3] });
  });

  it("that is larger than the manifest's gives its middle, several theirs", () => {
    const { data, dims } = prepareChip(chipOf(144), raw);
    expect(dims).toEqual([1, 112, 112, 3]);
    expect(everyThird(data)).toEqual(middle(112, 144));
    const { pixels } = chipOf(144);
    const two = prepareChip(
      { pixels: new Uint8Array([...pixels, ...pixels]), width: 144, height: 144, count: 2 },
      raw,
    );
    expect(two.dims).toEqual([2, 112, 112, 3]);
    expect(two.data.subarray(112 * 112 * 3)).toEqual(data);
  });

  it("that is smaller is refused in words", () => {
    expect(() => prepareChip(chipOf(112), { ...raw, chip: 144 })).toThrow(
      new RangeError("a chip of 112x112 is too small, the model wants 144x144"),
    );
    expect(() => prepareChip(chipOf(96), { ...raw, crop: 48 })).toThrow(/96x96 is too small/);
  });

  it("is cropped to its middle", () => {
    const { data, dims } = prepareChip(chipOf(144), { ...raw, chip: 144, crop: 112 });
    expect(dims).toEqual([1, 112, 112, 3]);
    expect(everyThird(data)).toEqual(middle(112, 144));
    expect(everyThird(prepareChip(chipOf(144), { ...raw, crop: 96 }).data)).toEqual(middle(96, 144));
  });

  it("is shrunk by area, the middle of it where there is a crop, and keeps the mean", () => {
    const pixels = new Uint8Array(112 * 112 * 3).map((_, i) => (Math.floor(i / 3) % 2) * 100 + (i % 3));
    const half = prepareChip({ pixels, width: 112, height: 112 }, { ...raw, shrink: 56 });
    expect(half.dims).toEqual([1, 56, 56, 3]);
    expect([...half.data.subarray(0, 6)]).toEqual([50, 51, 52, 50, 51, 52]);
    const chip = { pixels: new Uint8Array(144 * 144 * 3).fill(201), width: 144, height: 144 };
    const flat = prepareChip(chip, { ...raw, dtype: "float32", layout: "NCHW", crop: 110, shrink: 48 });
    expect(flat.dims).toEqual([1, 3, 48, 48]);
    expect(new Set(flat.data)).toEqual(new Set([201]));
  });

  it("is shrunk by shares of pixels where the sides do not divide each other", () => {
    // 0, 90, 180 in every row of three, to two columns: (0 + 90 / 2) / 1.5 and (90 / 2 + 180) / 1.5.
    const pixels = new Uint8Array(3 * 3 * 3).map((_, i) => (Math.floor(i / 3) % 3) * 90);
    const shrunk = shrinkSquare({ pixels, width: 3, height: 3 }, 3, 2);
    expect([...shrunk.pixels]).toEqual([30, 30, 30, 150, 150, 150, 30, 30, 30, 150, 150, 150]);
    expect(() => shrinkSquare({ pixels, width: 3, height: 3 }, 4, 2)).toThrow(RangeError);
  });
});
