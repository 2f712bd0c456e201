import { describe, expect, it } from "vitest";
import { nearestText, strangersText } from "../src/likeness.js";

describe("a false positive rate in words", () => {
  it.each([
    [1, "most strangers"],
    [0.51, "most strangers"],
    [0.5, "one stranger in 2"],
    [0.0732, "one stranger in 13"],
    [0.0101, "one stranger in 99"],
    [0.0025, "one stranger in 400"],
    [0.000152, "one stranger in 6,500"],
    [0.0000076, "one stranger in 130,000"],
  ])("%d: %s", (rate, words) => expect(strangersText(rate)).toBe(words));

  const of = (galleryFaces: number, falsePositiveRate?: number) => {
    const nearest = { identityId: "i", faceId: "f", name: "Ada", similarity: 0.4 };
    const verdict = falsePositiveRate === undefined ? ("uncalibrated" as const) : ("quite_alike" as const);
    const matches = [
      { ...nearest, verdict, ...(falsePositiveRate === undefined ? {} : { falsePositiveRate }) },
    ];
    return { matches, galleryFaces, verdict };
  };

  it("says in how large a gallery", () => {
    expect(nearestText(of(76, 0.0732))).toBe("In a gallery of 76, one stranger in 13 looks as alike");
    expect(nearestText(of(100_000, 0.9))).toBe("In a gallery of 100,000, most strangers look as alike");
  });

  it("says nothing of what nobody has measured, and of nobody", () => {
    expect(nearestText(of(76))).toBe("");
    expect(nearestText({ ...of(0), matches: [] })).toBe("");
  });
});
