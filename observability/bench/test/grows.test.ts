import { describe, expect, it } from "vitest";
import { growthOf, isFasterThanLinear } from "../src/grows/fit.js";
import { growsTable } from "../src/grows/table.js";

const points = (ms: (at: number) => number) => [1, 2, 4, 8, 16].map((at) => ({ at, ms: ms(at) }));

describe("how something grows", () => {
  it("is the exponent of a power, and none for a constant", () => {
    const { exponent, lastStep } = growthOf(points((at) => 3 * at ** 1.5))!;
    expect([exponent, lastStep]).toEqual([expect.closeTo(1.5, 9), expect.closeTo(1.5, 9)]);
    expect(growthOf(points(() => 7))!.exponent).toBeCloseTo(0, 9);
  });

  it("is seen at its end where a constant part hides it", () => {
    const growth = growthOf(points((at) => 100 + at ** 2))!;
    expect(growth.exponent).toBeLessThan(1);
    expect(growth.lastStep).toBeGreaterThan(growth.exponent);
    expect(isFasterThanLinear(growthOf(points((at) => 20 + at ** 2))!)).toBe(true);
    expect(isFasterThanLinear(growthOf(points((at) => 5 + at))!)).toBe(false);
  });

  it("is not known of one point, or of what costs nothing", () => {
    expect(growthOf([{ at: 1, ms: 2 }])).toBeUndefined();
    expect(
      growthOf([
        { at: 1, ms: 2 },
        { at: 2, ms: -1 },
      ]),
    ).toBeUndefined();
  });

  it("stands under the table, with what grows faster than linearly", () => {
    const table = growsTable({
      rows: [
        { axis: "faces", at: 1, ms: 50, bare: 40, cost: 10 },
        { axis: "faces", at: 10, ms: 2_040, bare: 400, cost: 1_640 },
        { axis: "gallery", at: 1_000, ms: 0.2 },
        { axis: "gallery", at: 100_000, ms: 0.4 },
      ],
      galleryMaxMib: 384,
    });
    expect(table).toContain("| faces | 10 | 2040.0 | 400.0 | 1640.0 |");
    expect(table).toContain("| gallery | 100,000 | 0.400 |  |  |");
    expect(table).toContain("gallery, all: exponent 0.15, of the last step 0.15");
    expect(table).toContain("faster than linearly grows faces, all, faces, cost");
    expect(table).toContain("GALLERY_MAX_MIB=384");
  });
});
