import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { PORTRAIT_BYTES_MAX } from "@similarfaces/contracts";
import type { Box, Landmarks, Picture } from "@similarfaces/vision";
import { cutPortrait } from "../src/faces/portrait.js";

const GREY = 120;
const WIDTH = 900;
const HEIGHT = 700;

/** Grey, with dots of 7 by 7 pixels. */
function photoWith(dots: readonly { x: number; y: number; colour: readonly number[] }[]): Picture {
  const pixels = new Uint8Array(WIDTH * HEIGHT * 3).fill(GREY);
  for (const { x, y, colour } of dots) {
    for (let row = Math.round(y) - 3; row <= Math.round(y) + 3; row++)
      for (let column = Math.round(x) - 3; column <= Math.round(x) + 3; column++)
        pixels.set(colour, (row * WIDTH + column) * 3);
  }
  return { pixels, width: WIDTH, height: HEIGHT };
}

function faceAt(x: number, y: number, roll: number, scale = 1) {
  const [cos, sin] = [Math.cos((roll * Math.PI) / 180) * scale, Math.sin((roll * Math.PI) / 180) * scale];
  const at = (right: number, down: number) => ({
    x: Math.round(x + cos * right - sin * down),
    y: Math.round(y + sin * right + cos * down),
  });
  const landmarks: Landmarks<"image"> = {
    leftEye: at(-21, -16),
    rightEye: at(21, -16),
    nose: at(0, 8),
    leftMouth: at(-17, 33),
    rightMouth: at(17, 33),
  };
  return { box: boxAt(x, y, 57 * scale), landmarks };
}

const boxAt = (x: number, y: number, half: number): Box<"image"> => ({
  x: x - half,
  y: y - half,
  width: 2 * half,
  height: 2 * half,
});

async function pixelsOf(jpeg: Uint8Array) {
  const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  return {
    size: info.width,
    at: (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)],
    /** The middle of what is much redder, or bluer, than anything else. */
    middleOf(channel: 0 | 2) {
      let [count, sumX, sumY] = [0, 0, 0];
      for (let pixel = 0; pixel < info.width * info.height; pixel++) {
        const other = data[pixel * 3 + 2 - channel]!;
        if (data[pixel * 3 + channel]! < other + 60) continue;
        count++;
        sumX += pixel % info.width;
        sumY += Math.floor(pixel / info.width);
      }
      return { x: sumX / count, y: sumY / count };
    },
  };
}

const RED = [255, 0, 0];
const BLUE = [0, 0, 255];

describe("a portrait", () => {
  const turns = [0, 1, 13, 45, 90, 128, 180, 201, 270, 330].flatMap((roll) =>
    [1, 2.6].map((scale) => ({ roll, scale })),
  );
  it.each(turns)(
    "has the eyes where it says, of a face at $roll degrees of scale $scale",
    async ({ roll, scale }) => {
      const face = faceAt(430, 360, roll, scale);
      const { leftEye, rightEye } = face.landmarks;
      const photo = photoWith([
        { ...leftEye, colour: RED },
        { ...rightEye, colour: BLUE },
      ]);
      const { jpeg, eyes } = await cutPortrait(photo, face, []);
      const { middleOf, size } = await pixelsOf(jpeg);
      expect(await sharp(jpeg).metadata()).toMatchObject({ format: "jpeg", height: size });
      expect(size).toBeGreaterThanOrEqual(320);
      expect(size).toBeLessThanOrEqual(640);
      const [left, right] = [middleOf(0), middleOf(2)];
      expect(Math.hypot(left.x - eyes!.left!.x, left.y - eyes!.left!.y)).toBeLessThan(1);
      expect(Math.hypot(right.x - eyes!.right!.x, right.y - eyes!.right!.y)).toBeLessThan(1);
    },
  );

  it.each([0, 30, 90])(
    "at %i degrees shows nothing of the faces beside it, and all of its own",
    async (roll) => {
      const face = faceAt(430, 360, roll);
      const beside = [520, 300].map((x) => ({ x, y: 330 }));
      const dots = beside.map((at) => ({ ...at, colour: RED }));
      const photo = photoWith([...dots, { ...face.landmarks.nose, colour: BLUE }]);
      const others = beside.map(({ x, y }) => boxAt(x, y, 45));
      const open = await pixelsOf((await cutPortrait(photo, face, [])).jpeg);
      expect(open.middleOf(0).x).toBeGreaterThan(0);
      const covered = await pixelsOf((await cutPortrait(photo, face, others)).jpeg);
      expect(covered.middleOf(0).x).toBeNaN();
      expect(covered.middleOf(2)).toEqual(open.middleOf(2));
    },
  );

  it("has the mean colour where a tilted face in the corner leaves no photo, and smears nothing", async () => {
    const face = faceAt(62, 62, 45);
    const { jpeg } = await cutPortrait(photoWith([]), face, []);
    const { size, at } = await pixelsOf(jpeg);
    for (const [x, y] of [
      [0, 0],
      [size - 1, 0],
      [0, size - 1],
      [size - 1, size - 1],
    ])
      for (const value of at(x!, y!)) expect(Math.abs(value - GREY)).toBeLessThan(4);
  });

  it("of nothing but noise still fits into the gallery", async () => {
    let state = 1;
    const noise = () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 24;
    const pixels = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, noise);
    const photo = { pixels, width: WIDTH, height: HEIGHT };
    const { jpeg } = await cutPortrait(photo, faceAt(430, 360, 0, 2.6), []);
    expect(jpeg.length).toBeLessThanOrEqual(PORTRAIT_BYTES_MAX);
    expect(await sharp(jpeg).metadata()).toMatchObject({ width: 624 });
  });

  it("leaves the photo as it is", async () => {
    const photo = photoWith([{ x: 520, y: 330, colour: RED }]);
    const before = new Uint8Array(photo.pixels);
    await cutPortrait(photo, faceAt(430, 360, 20), [boxAt(520, 330, 45)]);
    expect(Buffer.compare(photo.pixels, before)).toBe(0);
  });
});
