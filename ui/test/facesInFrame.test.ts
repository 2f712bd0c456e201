import { describe, expect, it } from "vitest";
import { boxInFrame, faceAt } from "../src/analyse/facesInFrame";
import { tagPlaces } from "../src/analyse/tagPlaces";

const box = (x: number, y: number, width: number, height = width) => ({ x, y, width, height });

describe("a box on screen", () => {
  it("is on whole pixels, where the photo is placed", () => {
    const placement = { left: 10, top: 20, width: 500, height: 250 };
    const photo = { width: 1_000, height: 500 };
    expect(boxInFrame(box(101, 99, 200), placement, photo)).toEqual(box(61, 70, 100));
  });
});

describe("the face that a tap means", () => {
  const faces = [box(100, 100, 50), box(200, 100, 50), box(210, 110, 20)].map((box, index) => ({
    index,
    box,
  }));

  it("is the one that is tapped, or the nearest within reach", () => {
    expect(faceAt(faces, { x: 110, y: 140 }, 24)).toBe(0);
    expect(faceAt(faces, { x: 170, y: 125 }, 24)).toBe(0);
    expect(faceAt(faces, { x: 180, y: 125 }, 24)).toBe(1);
    expect(faceAt(faces, { x: 165, y: 165 }, 24)).toBe(0);
  });

  it("of two that lie over one another is the one whose middle is nearer", () => {
    expect(faceAt(faces, { x: 219, y: 119 }, 24)).toBe(2);
    expect(faceAt(faces, { x: 229, y: 129 }, 24)).toBe(1);
  });

  it("is none where nobody is near", () => {
    expect(faceAt(faces, { x: 125, y: 175 }, 24)).toBeUndefined();
    expect(faceAt([], { x: 1, y: 1 }, 24)).toBeUndefined();
  });
});

describe("the words at a box", () => {
  const frame = { width: 800, height: 600 };
  const sides = (...boxes: ReturnType<typeof box>[]) =>
    tagPlaces(boxes, frame).map(({ side, isCovering }) => (isCovering ? `over, ${side}` : side));

  it("stand above it, below where no room is above, beside where there is neither", () => {
    expect(sides(box(100, 100, 80))).toEqual(["above"]);
    expect(sides(box(100, 10, 80))).toEqual(["below"]);
    expect(sides(box(100, 10, 585))).toEqual(["beside"]);
    expect(sides(box(0, 0, 800, 600))).toEqual(["over, inside"]);
  });

  it("hide no other face and no other number, those of the first boxes coming first", () => {
    expect(sides(box(100, 100, 40), box(100, 50, 40))).toEqual(["below", "above"]);
    expect(sides(box(100, 150, 40), box(100, 90, 40), box(100, 30, 40))).toEqual([
      "below",
      "beside",
      "above",
    ]);
    expect(sides(box(100, 100, 16), box(118, 100, 16))).toEqual(["above", "below"]);
    const wall = Array.from({ length: 9 }, (_, at) =>
      box(300 + (at % 3) * 40, 300 + Math.floor(at / 3) * 40, 39),
    );
    expect(sides(...wall)[4]).toMatch(/^over/);
    const places = tagPlaces(wall, frame).filter(({ isCovering }) => !isCovering);
    for (const { left, top } of places)
      for (const { x, y, width, height } of wall)
        expect(left < x + width && left + 30 > x && top < y + height && top + 20 > y).toBe(false);
  });

  it("have the room to the next face or to the frame's edge, and are left out of one that is too small", () => {
    const [left, right] = tagPlaces([box(100, 100, 60), box(300, 105, 60)], frame);
    expect(left).toMatchObject({ roomPx: 196, hasWords: true });
    expect(right).toMatchObject({ roomPx: 400, hasWords: true });
    const [edge, beside] = tagPlaces([box(730, 100, 60), box(650, 105, 60)], frame);
    expect(edge).toMatchObject({ roomPx: 72, hasWords: false });
    expect(beside).toMatchObject({ roomPx: 76, hasWords: false });
  });

  it("grow with the page's type", () => {
    const [small] = tagPlaces([box(100, 100, 60)], frame);
    const [large] = tagPlaces([box(100, 100, 60)], frame, 1.5);
    expect([small!.height, large!.height]).toEqual([20, 30]);
    expect(large!.top).toBe(small!.top - 10);
  });
});
