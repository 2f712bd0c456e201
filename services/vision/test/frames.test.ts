import { describe, expect, it } from "vitest";
import {
  FRAME_SIDE,
  accepts,
  boxToImage,
  detectionToView,
  landmarksToImage,
  letterbox,
  passesOf,
  type Detection,
  type Size,
} from "../src/mod.js";

const point = { x: 10, y: 10 };
const at = (x: number, y: number, width: number, height = width): Detection<"letterbox"> => ({
  score: 0.9,
  box: { x, y, width, height },
  landmarks: { leftEye: point, rightEye: point, nose: point, leftMouth: point, rightMouth: point },
});

const SIZES: Size[] = [
  { width: 1, height: 1 },
  { width: 250, height: 250 },
  { width: 1920, height: 1080 },
  { width: 1080, height: 1920 },
  { width: 8000, height: 6000 },
  { width: 20_000, height: 300 },
  { width: 37, height: 9001 },
];

describe("letterbox", () => {
  it("scales the longer side to the frame and keeps the photo at its top left", () => {
    expect(letterbox({ width: 1600, height: 900 }, 800)).toEqual({
      image: { width: 1600, height: 900 },
      scaled: { width: 800, height: 450 },
      left: 0,
      top: 0,
      width: 800,
      height: 800,
    });
    expect(letterbox({ width: 1600, height: 900 }, 800, 32)).toMatchObject({ width: 800, height: 480 });
    expect(letterbox({ width: 100, height: 50 }, 800)).toMatchObject({ scaled: { width: 800, height: 400 } });
  });

  it.each(SIZES)("takes a box around all of it back to the photo: $width x $height", (image) => {
    const frame = letterbox(image, FRAME_SIDE);
    const found = detectionToView(frame, at(0, 0, frame.scaled.width, frame.scaled.height));
    const box = boxToImage(frame, found.box);
    expect(box.width).toBeCloseTo(image.width, 9);
    expect(box.height).toBeCloseTo(image.height, 9);
  });

  it("takes a box back to the photo by its edges, and points by the pixels' centres", () => {
    const frame = letterbox({ width: 1600, height: 800 }, 800);
    const { box, landmarks } = detectionToView(frame, at(100, 50, 40));
    expect(boxToImage(frame, box)).toEqual({ x: 200, y: 100, width: 80, height: 80 });
    expect(landmarksToImage(frame, landmarks).nose).toEqual({ x: 20.5, y: 20.5 });
  });

  it("takes a tile's detection to the scaled photo that the tile is a window on", () => {
    const frame = { ...letterbox({ width: 4000, height: 3000 }, 800), left: 300, top: 200 };
    const { box, landmarks, score } = detectionToView(frame, at(100, 50, 40));
    expect(box).toEqual({ x: 400, y: 250, width: 40, height: 40 });
    expect([landmarks.leftEye, score]).toEqual([{ x: 310, y: 210 }, 0.9]);
  });
});

/** The passes over the tiles: those after the whole photo's two. */
const tilePasses = (image: Size) => passesOf(image, 32).slice(2);
const tileFrames = (image: Size) => tilePasses(image).map(({ frame }) => frame);

describe("tiles", () => {
  it("are only for photos in which 60 pixels are fewer than 20 in the frame", () => {
    expect(tileFrames({ width: 2400, height: 1600 })).toEqual([]);
    expect(tileFrames({ width: 2401, height: 1600 }).length).toBeGreaterThan(0);
  });

  it.each(SIZES.filter(({ width, height }) => Math.max(width, height) > 2400))(
    "cover every pixel, in frames a detector takes, bounded in number: $width x $height",
    (image) => {
      const frames = tileFrames(image);
      expect(frames.length).toBeLessThanOrEqual(64);
      const { scaled } = frames[0]!;
      for (const frame of frames) {
        expect(frame.width % 32).toBe(0);
        expect(frame.height % 32).toBe(0);
        expect(frame.width).toBeLessThanOrEqual(FRAME_SIDE);
        expect(frame.height).toBeLessThanOrEqual(FRAME_SIDE);
        expect(frame.left).toBeGreaterThanOrEqual(0);
        expect(frame.top).toBeGreaterThanOrEqual(0);
      }
      const covers = (x: number, y: number) =>
        frames.some(
          ({ left, top, width, height }) => x >= left && y >= top && x < left + width && y < top + height,
        );
      for (let i = 0; i <= 200; i++) {
        for (const share of [0, 0.25, 0.5, 0.999]) {
          expect(covers(Math.floor((i / 200.5) * scaled.width), Math.floor(share * scaled.height))).toBe(
            true,
          );
        }
      }
    },
  );

  it("find every 60-pixel face whole in some frame of a 48-megapixel photo", () => {
    const image = { width: 8000, height: 6000 };
    const tiles = tilePasses(image);
    const scale = tiles[0]!.frame.scaled.width / image.width;
    for (let x = 0; x < image.width - 60; x += 97) {
      for (let y = 0; y < image.height - 60; y += 89) {
        const whole = tiles.some((tile) => {
          const { frame } = tile;
          const [left, top] = [x * scale - frame.left, y * scale - frame.top];
          const side = 60 * scale;
          const inside = left >= 0 && top >= 0 && left + side <= frame.width && top + side <= frame.height;
          return inside && accepts(tile, at(left, top, side));
        });
        expect(whole).toBe(true);
      }
    }
  });

  it("own the faces that are small in the 800-pixel frame, which owns the large ones; around 20 pixels of it both do", () => {
    const image = { width: 8000, height: 6000 };
    const [whole, , ...tiles] = passesOf(image, 32);
    const ownersOf = (size: number) => {
      const scaleOf = ({ frame }: { frame: { scaled: Size } }) => frame.scaled.width / image.width;
      const isIn = (pass: typeof whole) => accepts(pass!, at(100, 100, size * scaleOf(pass!)));
      return [isIn(whole) ? "frame" : "", isIn(tiles[0]) ? "tiles" : ""].filter(Boolean).join(" and ");
    };
    expect([12, 60, 155].map(ownersOf)).toEqual(["tiles", "tiles", "tiles"]);
    expect([165, 200, 245].map(ownersOf)).toEqual(["frame and tiles", "frame and tiles", "frame and tiles"]);
    expect([255, 600].map(ownersOf)).toEqual(["frame", "frame"]);
    // Without tiles nobody else has the small ones.
    expect(accepts(passesOf({ width: 2400, height: 1600 }, 32)[0]!, at(100, 100, 4))).toBe(true);
  });

  it("say no to a face that their own border cuts, and yes to one at the photo's border", () => {
    const tiles = tilePasses({ width: 8000, height: 6000 });
    const first = tiles[0]!;
    expect(accepts(first, at(0, 0, 50))).toBe(true);
    expect(accepts(first, at(first.frame.width - 50, 100, 50))).toBe(false);
    expect(accepts(tiles.at(-1)!, at(0, 100, 50))).toBe(false);
  });
});

describe("passesOf", () => {
  it("looks at a small photo twice: the whole, and small for close-ups", () => {
    const passes = passesOf({ width: 1000, height: 1000 }, 32);
    expect(passes.map(({ frame }) => frame.width)).toEqual([800, 256]);
  });

  it("leaves each width of face to some look, and close-ups to the small frame alone", () => {
    const [whole, small] = passesOf({ width: 1600, height: 1600 }, 32);
    for (let width = 10; width < 1600; width += 5) {
      const inWhole = at(20, 20, width / 2);
      const inSmall = at(20, 20, width * (256 / 1600));
      expect(accepts(whole!, inWhole) || accepts(small!, inSmall)).toBe(true);
    }
    expect(accepts(whole!, at(100, 100, 500))).toBe(false);
    expect(accepts(small!, at(5, 5, 160))).toBe(true);
  });
});
