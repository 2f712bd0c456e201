import { describe, expect, it } from "vitest";
import { dealFrom, drawFrom, parseMix, seededRandom, type MixPhoto } from "../src/mod.js";

const photo = (name: string, weight: number): MixPhoto => ({ name, weight, bytes: new Uint8Array() });

describe("a mix of photos", () => {
  it("is drawn in proportion to the weights", () => {
    const draw = drawFrom([photo("portrait", 8), photo("never", 0), photo("group", 2)], seededRandom(3));
    const drawn = Array.from({ length: 10_000 }, () => draw().name);
    const share = (name: string) => drawn.filter((other) => other === name).length / drawn.length;
    expect(share("portrait")).toBeCloseTo(0.8, 1);
    expect(share("group")).toBeCloseTo(0.2, 1);
    expect(share("never")).toBe(0);
  });

  it("is dealt so that every run of photos holds it", () => {
    const deal = dealFrom([photo("portrait", 5), photo("never", 0), photo("group", 3), photo("crowd", 1)]);
    const dealt = Array.from({ length: 90 }, () => deal().name);
    const count = (names: string[], name: string) => names.filter((other) => other === name).length;
    for (let from = 0; from <= 81; from++) {
      const run = dealt.slice(from, from + 9);
      expect(["portrait", "never", "group", "crowd"].map((name) => count(run, name))).toEqual([5, 0, 3, 1]);
    }
    expect(count(dealt.slice(0, 3), "portrait")).toBe(2);
  });

  it("is written as names and weights", () => {
    expect(parseMix("portrait-1.jpg:8, group-4.jpg:2,nobody.jpg")).toEqual([
      { name: "portrait-1.jpg", weight: 8 },
      { name: "group-4.jpg", weight: 2 },
      { name: "nobody.jpg", weight: 1 },
    ]);
  });

  it.each(["", "a.jpg:0", "a.jpg:-1", "a.jpg:many", "a.jpg,,b.jpg"])("refuses %j", (text) => {
    expect(() => parseMix(text)).toThrow(RangeError);
  });

  it("needs one photo that can be drawn", () => {
    expect(() => drawFrom([photo("never", 0)], seededRandom(1))).toThrow(RangeError);
    expect(() => dealFrom([photo("never", 0)])).toThrow(RangeError);
  });
});
