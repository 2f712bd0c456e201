import { describe, expect, it } from "vitest";
import { curvePath } from "../src/analyse/curvePath";
import { decimalsOf, ticksBetween } from "../src/analyse/ticks";
import { WHOLE, pan, placePhoto, viewOfBox, zoomAt } from "../src/analyse/view";
import { ServerClock } from "../src/serverClock";

const frame = { width: 800, height: 600 };
const photo = { width: 1_600, height: 800 };

describe("the photo in its frame", () => {
  it("is whole and in the middle at first", () => {
    expect(placePhoto(frame, photo, WHOLE)).toEqual({ left: 0, top: 100, width: 800, height: 400 });
  });

  it("keeps under the pointer what was there", () => {
    const at = { x: 200, y: 300 };
    const view = zoomAt(frame, photo, WHOLE, at, 4);
    const { left, top, width, height } = placePhoto(frame, photo, view);
    expect((at.x - left) / width).toBeCloseTo(0.25);
    expect((at.y - top) / height).toBeCloseTo(0.5);
  });

  it("never leaves an empty edge when it is larger than the frame, and pans back at once", () => {
    const near = zoomAt(frame, photo, WHOLE, { x: 400, y: 300 }, 4);
    const far = pan(frame, photo, near, { x: 9_999, y: 9_999 });
    expect(placePhoto(frame, photo, far)).toMatchObject({ left: 0, top: 0 });
    const back = pan(frame, photo, far, { x: -10, y: 0 });
    expect(placePhoto(frame, photo, back).left).toBeCloseTo(-10);
  });

  it("is magnified to a face, but not without end", () => {
    const view = viewOfBox(frame, photo, { x: 700, y: 300, width: 200, height: 200 });
    const { left, width } = placePhoto(frame, photo, view);
    expect(left + (800 / photo.width) * width).toBeCloseTo(frame.width / 2);
    expect(viewOfBox(frame, photo, { x: 0, y: 0, width: 1, height: 1 }).zoom).toBe(12);
    expect(zoomAt(frame, photo, WHOLE, { x: 0, y: 0 }, 0.1).zoom).toBe(1);
  });
});

describe("the curve of a distribution", () => {
  it("spans the bins and is as high as its box at the most probable one", () => {
    const probabilities = Array.from({ length: 101 }, (_, year) => (year === 50 ? 0.5 : 0));
    expect(curvePath(probabilities)).toContain("L50 2L");
    expect(curvePath([])).toBe("");
  });
});

describe("the numbers of an axis", () => {
  it("are round, evenly apart, and no more than there is room for", () => {
    expect(ticksBetween(0, 100, 5)).toEqual([0, 20, 40, 60, 80, 100]);
    expect(ticksBetween(-90, 90, 5)).toEqual([-50, 0, 50]);
    expect(ticksBetween(3, 71, 4)).toEqual([20, 40, 60]);
    expect(ticksBetween(0, 1, 5).map((value) => value.toFixed(decimalsOf(0.2)))).toEqual([
      "0.0",
      "0.2",
      "0.4",
      "0.6",
      "0.8",
      "1.0",
    ]);
    expect(ticksBetween(7, 7, 5)).toEqual([7]);
  });
});

describe("the server's clock", () => {
  it("is the visitor's own as long as that can be", () => {
    const clock = new ServerClock();
    clock.sent(1_000, 1_005);
    clock.received(1_005, 1_020);
    expect(clock.at(5_000)).toBe(5_000);
  });

  it("is as far off as answers prove", () => {
    const ahead = new ServerClock();
    ahead.sent(100_000, 40_000);
    ahead.received(40_000, 100_200);
    expect(ahead.at(100_300)).toBe(40_300);
    const behind = new ServerClock();
    behind.received(90_000, 30_000);
    expect(behind.at(30_000)).toBe(90_000);
  });
});
