import { describe, expect, it } from "vitest";
import type { ManifestInput } from "../src/manifest.js";
import { prepareInput } from "../src/prepare.js";

const raw: ManifestInput = {
  name: "chip",
  dtype: "uint8",
  layout: "NHWC",
  shape: ["n", 144, 144, 3],
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

  it("cuts the centre", () => {
    const pixels = new Uint8Array(4 * 4 * 3).map((_, i) => Math.floor(i / 3));
    const { data, dims } = prepareInput({ pixels, width: 4, height: 4 }, { ...raw, crop: 2 });
    expect(dims).toEqual([1, 2, 2, 3]);
    expect([...data]).toEqual([5, 5, 5, 6, 6, 6, 9, 9, 9, 10, 10, 10]);
    expect(() => prepareInput(picture, { ...raw, crop: 3 })).toThrow(RangeError);
  });

  it("shrinks by area, the middle of it where there is a crop", () => {
    const pixels = new Uint8Array(4 * 4 * 3).map((_, i) => Math.floor(i / 3) * 10 + (i % 3));
    const { data, dims } = prepareInput({ pixels, width: 4, height: 4 }, { ...raw, shrink: 2 });
    expect(dims).toEqual([1, 2, 2, 3]);
    expect([...data]).toEqual([25, 26, 27, 45, 46, 47, 105, 106, 107, 125, 126, 127]);
    const middle = prepareInput({ pixels, width: 4, height: 4 }, { ...raw, crop: 2, shrink: 1 });
    expect([...middle.data]).toEqual([75, 76, 77]);
    expect(() => prepareInput(picture, { ...raw, shrink: 3 })).toThrow(RangeError);
  });

  it("shrinks by shares of pixels where the sides do not divide each other, and keeps the mean", () => {
    // 0, 90, 180 in every row, to two columns: (0 + 90 / 2) / 1.5 and (90 / 2 + 180) / 1.5.
    const pixels = new Uint8Array(3 * 3 * 3).map((_, i) => (Math.floor(i / 3) % 3) * 90);
    const { data } = prepareInput({ pixels, width: 3, height: 3 }, { ...raw, shrink: 2 });
    expect([...data]).toEqual([30, 30, 30, 150, 150, 150, 30, 30, 30, 150, 150, 150]);
    const chip = { pixels: new Uint8Array(144 * 144 * 3).fill(201), width: 144, height: 144 };
    const flat = prepareInput(chip, { ...raw, dtype: "float32", layout: "NCHW", crop: 112, shrink: 48 });
    expect(flat.dims).toEqual([1, 3, 48, 48]);
    expect(new Set(flat.data)).toEqual(new Set([201]));
  });
});
