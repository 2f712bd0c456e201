import { describe, expect, it } from "vitest";
import type { Landmarks, Size } from "@similarfaces/vision";
import { eyesIn, portraitSquare, reachOf, type FaceToShow } from "../src/faces/portraitSquare.js";

const PHOTO = { width: 1200, height: 900 };
const degrees = (angle: number) => (angle * Math.PI) / 180;

/** A face of a head that is 100 pixels wide and 130 high at `scale` 1, tilted clockwise; its box hugs the head and ends at the photo's edge. */
function face(x: number, y: number, roll = 0, scale = 1, photo: Size = PHOTO): FaceToShow {
  const [cos, sin] = [Math.cos(degrees(roll)), Math.sin(degrees(roll))];
  const at = (right: number, down: number) => ({
    x: x + scale * (cos * right - sin * down),
    y: y + scale * (sin * right + cos * down),
  });
  const across = scale * Math.hypot(50 * cos, 65 * sin);
  const along = scale * Math.hypot(50 * sin, 65 * cos);
  const [left, top] = [Math.max(0, x - across), Math.max(0, y - along)];
  const landmarks: Landmarks<"image"> = {
    leftEye: at(-21, -16),
    rightEye: at(21, -16),
    nose: at(0, 8),
    leftMouth: at(-17, 33),
    rightMouth: at(17, 33),
  };
  return {
    box: {
      x: left,
      y: top,
      width: Math.min(photo.width, x + across) - left,
      height: Math.min(photo.height, y + along) - top,
    },
    landmarks,
  };
}

function isWithin(square: ReturnType<typeof portraitSquare>, { width, height }: Size): boolean {
  const reach = reachOf(square) - 1e-6;
  return (
    square.x - reach >= 0 && square.y - reach >= 0 && square.x + reach <= width && square.y + reach <= height
  );
}

describe("the square of a portrait", () => {
  it.each([0, 5, 20, 45, 70, 90, 135, 180, -30, -90, -179])(
    "stands a face that is tilted by %i degrees upright, at just under half of the side",
    (roll) => {
      const tilted = face(600, 450, roll);
      const square = portraitSquare(tilted, PHOTO);
      const { left, right } = eyesIn(square, tilted.landmarks);
      // The frame's own eyes are not level by 0.3 degrees, and what is nearly upright stays as it is.
      expect(Math.abs(left.y - right.y) / (right.x - left.x)).toBeLessThan(0.035);
      expect(left.x).toBeLessThan(right.x);
      expect((left.x + right.x) / 2).toBeCloseTo(square.size / 2 - 0.5, -1);
      expect(left.y).toBeLessThan(square.size / 2);
      const share = Math.sqrt(tilted.box.width * tilted.box.height) / square.side;
      expect(share).toBeGreaterThan(0.45);
      expect(share).toBeLessThan(0.5);
      expect(isWithin(square, PHOTO)).toBe(true);
    },
  );

  it.each([
    [1.5, 0],
    [-1.5, 0],
    [91, 90],
    [-178.6, 180],
  ])("of a face at %f degrees is not turned by a little more or less than %i", (roll, whole) => {
    const { turn } = portraitSquare(face(600, 450, roll), PHOTO);
    expect(Math.abs(turn)).toBeCloseTo(degrees(whole), 10);
  });

  it("of whole quarters begins and ends with whole pixels", () => {
    for (const roll of [0, 90, 180, -90]) {
      const { x, y, side } = portraitSquare(face(611.3, 442.7, roll, 1.01), PHOTO);
      expect([x - side / 2, y - side / 2, side].every(Number.isInteger)).toBe(true);
    }
  });

  const edges = [0, 10, 30, 45, 60, 90, 180].flatMap((roll) =>
    [
      [110, 450],
      [1090, 450],
      [600, 110],
      [600, 790],
    ].map(([x, y]) => ({ roll, x: x!, y: y! })),
  );
  it.each(edges)(
    "of a face at the photo's edge ($x, $y; $roll degrees) is moved into it",
    ({ roll, x, y }) => {
      const edged = face(x, y, roll);
      const square = portraitSquare(edged, PHOTO);
      expect(isWithin(square, PHOTO)).toBe(true);
      const { left, right } = eyesIn(square, edged.landmarks);
      for (const at of [left.x, left.y, right.x, right.y]) {
        expect(at).toBeGreaterThan(0);
        expect(at).toBeLessThan(square.size);
      }
    },
  );

  it("of an upright face in a corner is real, of a tilted one it reaches beyond no further than it has to", () => {
    expect(isWithin(portraitSquare(face(55, 65), PHOTO), PHOTO)).toBe(true);
    const tilted = face(62, 62, 45);
    const square = portraitSquare(tilted, PHOTO);
    expect(isWithin(square, PHOTO)).toBe(false);
    // The head is whole all the same, and the square further from the corner than its face.
    expect(square.x + square.y).toBeGreaterThan(124);
    expect(square.side).toBeGreaterThan(1.2 * Math.sqrt(tilted.box.width * tilted.box.height));
    const { left, right } = eyesIn(square, tilted.landmarks);
    expect(Math.min(left.x, left.y)).toBeGreaterThan(0);
    expect(Math.max(right.x, right.y)).toBeLessThan(square.size);
  });

  it.each([30, 45, 60])(
    "of a face at %i degrees that touches an edge has little beyond it, and hair and chin",
    (roll) => {
      const touching = face(64, 450, roll);
      const square = portraitSquare(touching, PHOTO);
      expect(reachOf(square) - square.x).toBeLessThan(0.15 * square.side);
      expect(Math.sqrt(touching.box.width * touching.box.height) / square.side).toBeLessThan(0.6);
    },
  );

  it("of a face that fills the photo is the photo's shorter side", () => {
    const close = face(450, 450, 0, 8, { width: 900, height: 1000 });
    const square = portraitSquare(close, { width: 900, height: 1000 });
    expect(square).toMatchObject({ side: 900, x: 450, size: 640 });
    expect(isWithin(square, { width: 900, height: 1000 })).toBe(true);
  });

  it("of a tiny photo is all that there is, enlarged", () => {
    const photo = { width: 24, height: 30 };
    expect(portraitSquare(face(12, 15, 0, 0.15, photo), photo)).toMatchObject({ side: 24, size: 320 });
    const tilted = portraitSquare(face(12, 15, 30, 0.1, photo), photo);
    expect(isWithin(tilted, photo)).toBe(true);
    expect(tilted.size).toBe(320);
    expect(
      portraitSquare(face(0.5, 0.5, 0, 0.01, { width: 1, height: 1 }), { width: 1, height: 1 }),
    ).toMatchObject({
      side: 1,
      size: 320,
    });
  });

  it("has as many pixels as the photo has there, from 320 to 640", () => {
    expect(portraitSquare(face(600, 450, 0, 1), PHOTO).size).toBe(320);
    expect(portraitSquare(face(600, 450, 0, 2), PHOTO).size).toBe(480);
    expect(portraitSquare(face(600, 450, 0, 3.5), PHOTO).size).toBe(640);
  });
});
