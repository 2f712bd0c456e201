import { describe, expect, it } from "vitest";
import { percentText } from "../src/texts.js";

describe("a share in percent", () => {
  it.each([
    [0, "0%"],
    [0.004, "< 1%"],
    [0.01, "1%"],
    [0.94, "94%"],
    [0.99, "99%"],
    [0.996, "> 99%"],
    [1, "100%"],
  ])("%d: %s", (share, text) => expect(percentText(share)).toBe(text));
});
