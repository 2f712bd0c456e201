import { describe, expect, it } from "vitest";
import type { Detection, Landmarks } from "@similarfaces/vision";
import { extractedOf } from "../src/faces/extracted.js";

const PHOTO = { width: 1_000, height: 800, isTruncated: false };

/** The ArcFace pose, whose middle is the pose's own. */
const POSE: Landmarks<"image"> = {
  leftEye: { x: 38, y: 52 },
  rightEye: { x: 74, y: 52 },
  nose: { x: 56, y: 72 },
  leftMouth: { x: 42, y: 92 },
  rightMouth: { x: 71, y: 92 },
};

/** A face that lies in the photo turned clockwise by so many degrees. */
function lying(degrees: number): Detection<"image"> {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const at = ({ x, y }: { x: number; y: number }) => ({
    x: 500 + cos * x - sin * y,
    y: 400 + sin * x + cos * y,
  });
  const { leftEye, rightEye, nose, leftMouth, rightMouth } = POSE;
  return {
    box: { x: 450, y: 350, width: 100, height: 100 },
    landmarks: {
      leftEye: at(leftEye),
      rightEye: at(rightEye),
      nose: at(nose),
      leftMouth: at(leftMouth),
      rightMouth: at(rightMouth),
    },
    score: 0.9,
  } as Detection<"image">;
}

const turnedOf = (rolls: readonly number[], facesMax = 64) =>
  extractedOf(PHOTO, rolls.map(lying), facesMax).turned;

describe("what a photo says of how it is turned", () => {
  it.each([
    { faces: [], turned: 0, why: "nobody is in it" },
    { faces: [0, 0, 0], turned: 0, why: "all stand" },
    { faces: [90], turned: 270, why: "its only face lies" },
    { faces: [180, 180], turned: 180, why: "all are upside down" },
    { faces: [-90, -90, -90], turned: 90, why: "all lie to the left" },
    { faces: [66, 90, 114], turned: 270, why: "all are within 25 degrees of the quarter" },
    { faces: [64], turned: 0, why: "its only face is farther from it than that" },
    { faces: [45, 45, 45], turned: 0, why: "all are tilted between two quarters" },
    { faces: [90, 90, 0, 0], turned: 0, why: "half lie and half stand" },
    { faces: [90, 0], turned: 0, why: "one lies and one stands" },
    { faces: [90, -90], turned: 0, why: "they lie head to head" },
    { faces: [90, 90, -90, -90, 180], turned: 0, why: "no quarter has most of them" },
    { faces: [90, 90, 0], turned: 270, why: "two of three lie" },
    { faces: [90, 0, 0], turned: 0, why: "one of three lies" },
    { faces: [90, 90, 45, 135], turned: 0, why: "half are between the quarters" },
    { faces: [90, 88, 95, 45, 0], turned: 270, why: "three of five agree" },
  ])("is $turned where $why: $faces", ({ faces, turned }) => {
    expect(turnedOf(faces)).toBe(turned);
  });

  it("counts every face found, also those beyond the job's limit", () => {
    expect(turnedOf([90, 0, 0], 1)).toBe(0);
    expect(turnedOf([0, 90, 90], 1)).toBe(270);
  });
});
