import type { BoxJson, LandmarksJson } from "@similarfaces/contracts/job";
import { describe, expect, it } from "vitest";
import {
  boundsOf,
  coversIn,
  ownEllipse,
  pixelsOf,
  portraitSquare,
  type PortraitSquare,
} from "../src/portraits/geometry";
import {
  portraitSquare as gallerySquare,
  type FaceToShow,
} from "../../services/extract/src/faces/portraitSquare.js";

const PHOTO = { width: 1_000, height: 800 };
const DEGREES = Math.PI / 180;

/** A face of 100 by 100 pixels around a point, turned clockwise. */
function faceAt(x: number, y: number, degrees = 0): { box: BoxJson; landmarks: LandmarksJson } {
  const [cos, sin] = [Math.cos(degrees * DEGREES), Math.sin(degrees * DEGREES)];
  const at = (right: number, down: number) => ({
    x: x + right * cos - down * sin,
    y: y + right * sin + down * cos,
  });
  return {
    box: { x: x - 50, y: y - 50, width: 100, height: 100 },
    landmarks: {
      leftEye: at(-20, -15),
      rightEye: at(20, -15),
      nose: at(0, 8),
      leftMouth: at(-16, 31),
      rightMouth: at(16, 31),
    },
  };
}

/** Where the square's corners are in the photo. */
function cornersOf({ x, y, side, turn }: PortraitSquare) {
  const [cos, sin] = [Math.cos(-turn), Math.sin(-turn)];
  return [-1, 1].flatMap((right) =>
    [-1, 1].map((down) => ({
      x: x + (side / 2) * (right * cos - down * sin),
      y: y + (side / 2) * (right * sin + down * cos),
    })),
  );
}

const isInPhoto = ({ x, y }: { x: number; y: number }) =>
  x >= -1e-9 && y >= -1e-9 && x <= PHOTO.width + 1e-9 && y <= PHOTO.height + 1e-9;

describe("the square of a portrait", () => {
  it("has the face in the middle of about twice its size", () => {
    const { x, y, side, turn } = portraitSquare(faceAt(500, 400), PHOTO);
    expect([x, y]).toEqual([500.5, 400.5]);
    expect(100 / side).toBeGreaterThan(0.45);
    expect(100 / side).toBeLessThan(0.5);
    expect(turn).toBeCloseTo(0);
  });

  it("stands the face upright at any roll", () => {
    for (let degrees = -175; degrees <= 180; degrees += 5) {
      const { turn } = portraitSquare(faceAt(500, 400, degrees), PHOTO);
      const left = degrees * DEGREES + turn;
      expect(Math.cos(left), `${degrees} degrees`).toBeGreaterThan(Math.cos(2.5 * DEGREES));
    }
  });

  it("is moved into the photo near its edge, and no smaller for it", () => {
    const square = portraitSquare(faceAt(60, 60), PHOTO);
    expect(square.side).toBe(portraitSquare(faceAt(500, 400), PHOTO).side);
    expect(cornersOf(square).every(isInPhoto)).toBe(true);
    const turned = portraitSquare(faceAt(140, 400, 30), PHOTO);
    expect(cornersOf(turned).every(isInPhoto)).toBe(true);
  });

  it("shrinks where the photo is smaller than it", () => {
    const photo = { width: 120, height: 150 };
    const square = portraitSquare(faceAt(60, 75), photo);
    expect(square.side).toBe(120);
    expect(boundsOf(square, photo)).toEqual({
      x: 0,
      y: expect.closeTo(15, 0) as number,
      width: 120,
      height: 120,
    });
  });

  it("never cuts a turned face, and reaches beyond the photo no farther than that takes", () => {
    for (let degrees = 5; degrees < 360; degrees += 10) {
      const square = portraitSquare(faceAt(52, 51, degrees), PHOTO);
      // From the square's middle to the face's, along the square's sides.
      const [cos, sin] = [Math.cos(square.turn), Math.sin(square.turn)];
      const [dx, dy] = [52 - square.x, 51 - square.y];
      for (const off of [dx * cos - dy * sin, dx * sin + dy * cos])
        expect(square.side / 2 - Math.abs(off)).toBeGreaterThanOrEqual(60 - 1e-6);
      const beyond = cornersOf(square).map(({ x, y }) => Math.max(0, -x, -y));
      expect(Math.max(...beyond)).toBeLessThan(50);
    }
  });

  it("of a tilted face that fills its photo is no larger than the photo", () => {
    const photo = { width: 112, height: 112 };
    for (const degrees of [-40, -8, 5, 20, 45, 95]) {
      const face = faceAt(56, 56, degrees);
      const square = portraitSquare(face, photo);
      expect(square.side).toBeLessThan(112 * 1.04);
      expect(square.side).toBeGreaterThanOrEqual(112);
      expect(gallerySquare(face as unknown as FaceToShow, photo).side).toBeCloseTo(square.side, 6);
    }
  });
});

describe("the square of a job's portrait and of the gallery's", () => {
  it("are one, wherever the face is and however it is turned", () => {
    for (let at = 0; at < 400; at++) {
      const face = faceAt(30 + ((at * 97) % 940), 30 + ((at * 61) % 740), at * 7.3);
      const { size: _, ...ofGallery } = gallerySquare(face as unknown as FaceToShow, PHOTO);
      const square = portraitSquare(face, PHOTO);
      for (const [name, value] of Object.entries(ofGallery))
        expect(square[name as keyof PortraitSquare], `${name} of face ${at}`).toBeCloseTo(value, 6);
    }
  });
});

describe("what a portrait hides", () => {
  const square = portraitSquare(faceAt(500, 400), PHOTO);

  it("is every other face that reaches into it, a little beyond its box", () => {
    const near: BoxJson = { x: 580, y: 360, width: 100, height: 100 };
    const far: BoxJson = { x: 800, y: 360, width: 100, height: 100 };
    expect(coversIn(square, [near, far])).toEqual([{ x: 630, y: 410, across: 60, down: 60 }]);
  });

  it("is less than the face itself takes", () => {
    const { box } = faceAt(500, 400);
    expect(ownEllipse(box).across).toBeGreaterThan(box.width / 2);
  });
});

describe("the pixels of a portrait", () => {
  const sized = (side: number) => ({ ...portraitSquare(faceAt(500, 400), PHOTO), side });

  it("are those of the photo up to what is wanted, and those of the screen in any case", () => {
    expect(pixelsOf(sized(1_000), 96, 320, 640)).toBe(320);
    expect(pixelsOf(sized(200), 96, 320, 640)).toBe(200);
    expect(pixelsOf(sized(40), 96, 320, 640)).toBe(96);
    expect(pixelsOf(sized(2_000), 900, 320, 640)).toBe(640);
  });
});
