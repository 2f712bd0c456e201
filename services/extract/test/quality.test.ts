import type { Landmarks, Picture, Point } from "@similarfaces/vision";
import { describe, expect, it } from "vitest";
import { poseOf, qualityOf, type Pose } from "../src/faces/quality.js";
import { viewsOf } from "../src/faces/views.js";

/** MediaPipe's canonical face, centimetres: x right, y down, z away from the camera. */
const FACE = [
  [-3.15, -2.62, -3.47],
  [3.15, -2.62, -3.47],
  [0, 1.13, -7.48],
  [-2.46, 4.34, -4.28],
  [2.46, 4.34, -4.28],
] as const;

/** The head turned by these angles, seen from a distance in centimetres, with the middle of the picture at 500, 400. */
function seen({ yaw, pitch, roll }: Pose, distance = 1e6): Landmarks<"image"> {
  const [y, p, r] = [-yaw, -pitch, roll].map((degrees) => (degrees * Math.PI) / 180) as [
    number,
    number,
    number,
  ];
  const points = FACE.map(([fx, fy, fz]): Point<"image"> => {
    // About x, then y, then z.
    const [ax, ay, az] = [fx, fy * Math.cos(p) - fz * Math.sin(p), fy * Math.sin(p) + fz * Math.cos(p)];
    const [bx, by, bz] = [ax * Math.cos(y) + az * Math.sin(y), ay, az * Math.cos(y) - ax * Math.sin(y)];
    const [cx, cy] = [bx * Math.cos(r) - by * Math.sin(r), bx * Math.sin(r) + by * Math.cos(r)];
    const scale = (20 * distance) / (distance + bz);
    return { x: 500 + scale * cx, y: 400 + scale * cy };
  });
  const [leftEye, rightEye, nose, leftMouth, rightMouth] = points as [
    Point<"image">,
    Point<"image">,
    Point<"image">,
    Point<"image">,
    Point<"image">,
  ];
  return { leftEye, rightEye, nose, leftMouth, rightMouth };
}

describe("a pose from five landmarks", () => {
  it.each([
    { yaw: 0, pitch: 0, roll: 0 },
    { yaw: 30, pitch: 0, roll: 0 },
    { yaw: -50, pitch: 10, roll: 5 },
    { yaw: 15, pitch: -20, roll: 40 },
    { yaw: 5, pitch: 25, roll: 170 },
    { yaw: 0, pitch: 0, roll: -90 },
  ])("is what it is of a camera that is far away: $yaw, $pitch, $roll", (pose) => {
    const found = poseOf(seen(pose));
    expect(found.yaw).toBeCloseTo(pose.yaw, 2);
    expect(found.pitch).toBeCloseTo(pose.pitch, 2);
    expect(found.roll).toBeCloseTo(pose.roll, 2);
  });

  it("is off by a few degrees of one that is half a metre away", () => {
    for (const yaw of [-40, -20, 0, 20, 40]) {
      const found = poseOf(seen({ yaw, pitch: 10, roll: 0 }, 50));
      expect(Math.abs(found.yaw - yaw)).toBeLessThan(6);
      expect(Math.abs(found.pitch - 10)).toBeLessThan(6);
    }
  });

  it("has its signs: the nose to the right of the picture is a positive yaw, up a positive pitch", () => {
    const straight = seen({ yaw: 0, pitch: 0, roll: 0 });
    const right = { ...straight, nose: { ...straight.nose, x: straight.nose.x + 20 } };
    const up = { ...straight, nose: { ...straight.nose, y: straight.nose.y - 20 } };
    expect(poseOf(right).yaw).toBeGreaterThan(5);
    expect(poseOf(up).pitch).toBeGreaterThan(5);
    // The right eye lower: clockwise.
    const tilted = { ...straight, rightEye: { ...straight.rightEye, y: straight.rightEye.y + 20 } };
    expect(poseOf(tilted).roll).toBeGreaterThan(2);
  });

  it("is made up of no landmarks that lie in one line", () => {
    const at = (x: number) => ({ x, y: 100 });
    const line = { leftEye: at(0), rightEye: at(40), nose: at(20), leftMouth: at(5), rightMouth: at(35) };
    expect(Object.values(poseOf(line)).every(Number.isFinite)).toBe(true);
  });
});

describe("what a photo shows of a face", () => {
  const landmarks = seen({ yaw: 0, pitch: 0, roll: 0 });
  const box = { x: 420, y: 300, width: 160, height: 200 };

  it("is nothing where all is of one brightness", () => {
    const { sharpness, detail, score, exposure } = qualityOf(viewsOf(picture(() => 128)), { box, landmarks });
    expect([sharpness, detail, score]).toEqual([0, 0, 0]);
    expect(exposure).toBeCloseTo(50.2, 1);
  });

  it("is as sharp whatever its contrast and brightness", () => {
    const sharpnessOf = (of: (x: number, y: number) => number) =>
      qualityOf(viewsOf(picture(of)), { box, landmarks }).sharpness;
    const coarse = (x: number, y: number) => Math.sin(x / 12) + Math.sin(y / 15);
    const plain = sharpnessOf((x, y) => 128 + 50 * coarse(x, y));
    expect(sharpnessOf((x, y) => 60 + 20 * coarse(x, y))).toBeCloseTo(plain, 1);
    expect(sharpnessOf((x, y) => 128 + 50 * Math.sin(x / 4) + 50 * Math.sin(y / 5))).toBeGreaterThan(plain);
  });

  it("is less in the dark, and at a large angle", () => {
    const views = viewsOf(picture((x, y) => 128 + 50 * Math.sin(x / 4) + 50 * Math.sin(y / 5)));
    const dark = viewsOf(picture((x, y) => 20 + 10 * Math.sin(x / 4) + 10 * Math.sin(y / 5)));
    const { score } = qualityOf(views, { box, landmarks });
    expect(qualityOf(dark, { box, landmarks }).score).toBeLessThan(score / 2);
    const profile = seen({ yaw: 60, pitch: 0, roll: 0 });
    expect(qualityOf(views, { box, landmarks: profile }).score).toBeLessThan(score);
  });

  it("is less of a smaller one", () => {
    const views = viewsOf(picture((x, y) => 128 + 50 * Math.sin(x / 4) + 50 * Math.sin(y / 5)));
    const small = { ...box, width: 20, height: 20 };
    expect(qualityOf(views, { box: small, landmarks })).toMatchObject({ size: 20 });
    expect(qualityOf(views, { box: small, landmarks }).detail).toBeLessThan(
      qualityOf(views, { box, landmarks }).detail,
    );
  });
});

function picture(of: (x: number, y: number) => number): Picture {
  const [width, height] = [1_000, 800];
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    pixels.fill(Math.round(of(i % width, Math.floor(i / width))), i * 3, i * 3 + 3);
  }
  return { pixels, width, height };
}
