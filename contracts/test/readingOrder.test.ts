import { describe, expect, it } from "vitest";
import { readingOrder } from "../src/readingOrder.js";

const size = { width: 1_000, height: 800 };
/** Faces by their middles, the index being the place in the list. */
const photoOf = (...faces: readonly [x: number, y: number, side: number][]) => ({
  size,
  turned: 0,
  faces: faces.map(([x, y, side], index) => ({
    index,
    box: { x: x - side / 2, y: y - side / 2, width: side, height: side },
  })),
});

describe("the order in which a photo's faces are read", () => {
  it("is row by row from the top, each from left to right, whatever their sizes' order", () => {
    const photo = photoOf([700, 600, 100], [200, 610, 95], [800, 200, 90], [500, 190, 85], [150, 205, 80]);
    expect(readingOrder(photo)).toEqual([4, 3, 2, 1, 0]);
  });

  it("takes people of different height beside one another for one row", () => {
    expect(readingOrder(photoOf([600, 300, 100], [400, 360, 100], [200, 310, 100]))).toEqual([2, 1, 0]);
  });

  it("keeps rows apart that stand closely behind one another", () => {
    const crowd = Array.from({ length: 64 }, (_, at): [number, number, number] => [
      100 + (at % 8) * 100 + (Math.floor(at / 8) % 2) * 50,
      100 + Math.floor(at / 8) * 60 + (at % 3) * 5,
      50,
    ]);
    const indices = crowd.map((_, index) => index);
    // As the detector gives them: the order of the list says nothing.
    const shuffled = indices.toSorted((a, b) => ((a * 37) % 64) - ((b * 37) % 64));
    const { faces, ...photo } = photoOf(...crowd);
    expect(readingOrder({ ...photo, faces: shuffled.map((index) => faces[index]!) })).toEqual(indices);
  });

  it("ends a row of people on a slope at last", () => {
    const slope = Array.from({ length: 6 }, (_, at): [number, number, number] => [
      900 - at * 150,
      100 + at * 60,
      50,
    ]);
    // Each is lower than the one before by more than a row allows.
    expect(readingOrder(photoOf(...slope))).toEqual([0, 1, 2, 3, 4, 5]);
    const gentle = slope.map(([x], at): [number, number, number] => [x, 100 + at * 20, 50]);
    expect(readingOrder(photoOf(...gentle))).toEqual([2, 1, 0, 5, 4, 3]);
  });

  it("is that of the photo as it stands upright, when it was sent lying on its side", () => {
    // Side by side once turned by 90 degrees: then the lower one of the photo as it was sent stands on the left.
    const lying = { ...photoOf([300, 100, 80], [310, 600, 80]), turned: 90 };
    expect(readingOrder(lying)).toEqual([1, 0]);
    expect(readingOrder({ ...lying, turned: 270 })).toEqual([0, 1]);
  });

  it("is empty where there is nobody", () => expect(readingOrder(photoOf())).toEqual([]));
});
