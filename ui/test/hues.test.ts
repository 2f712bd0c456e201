import type { AnnouncementJson } from "@similarfaces/contracts/job";
import { describe, expect, it } from "vitest";
import { huesOf } from "../src/hues";

const CORE = [250, 290, 320];
const announced = (name: string, hue?: number): AnnouncementJson => ({
  name,
  order: 0,
  title: { en: name },
  ...(hue === undefined ? {} : { hue }),
  answers: [],
  model: { pack: "", id: "", version: "", licence: "", source: "", notice: "", measured: [], precision: "" },
  chipSide: 112,
});
const KNOWN = [
  announced("age", 70),
  announced("gender", 170),
  announced("race", 110),
  announced("emotion", 30),
];
const distance = (a: number, b: number) => Math.min(Math.abs(a - b) % 360, 360 - (Math.abs(a - b) % 360));
const nearest = (hue: number, others: number[]) => Math.min(...others.map((other) => distance(hue, other)));

describe("an analyzer's hue", () => {
  it("is the one it announces", () => {
    expect(Object.fromEntries(huesOf(KNOWN))).toEqual({ age: 70, gender: 170, race: 110, emotion: 30 });
  });

  it("else follows from its name, apart from all that are taken", () => {
    for (const name of ["mask", "hat", "emotion-2", "a", "zebra"]) {
      const hue = huesOf([...KNOWN, announced(name)]).get(name)!;
      expect(nearest(hue, [...CORE, 30, 70, 110, 170]), name).toBeGreaterThanOrEqual(30);
      expect(huesOf([announced(name), ...KNOWN]).get(name)).toBe(hue);
    }
  });

  it("stays when another comes", () => {
    const before = huesOf([...KNOWN, announced("mask")]);
    const after = huesOf([...KNOWN, announced("hat"), announced("mask")], before);
    expect(after.get("mask")).toBe(before.get("mask"));
    expect(distance(after.get("hat")!, after.get("mask")!)).toBeGreaterThanOrEqual(20);
  });

  it("is one of its own however full the circle is", () => {
    const many = Array.from({ length: 30 }, (_, index) => announced(`analyzer-${index}`));
    const hues = [...huesOf([...KNOWN, ...many]).values(), ...CORE];
    expect(new Set(hues).size).toBe(hues.length);
  });
});
