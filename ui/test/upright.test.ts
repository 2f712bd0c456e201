import type { FaceView } from "@similarfaces/contracts/job";
import { turnedBox, turnedPoint, turnedSize } from "@similarfaces/contracts/upright";
import { describe, expect, it } from "vitest";
import { turnBetween, turnedFace } from "../src/analyse/upright";

const photo = { width: 400, height: 300 };
const TURNS = [0, 90, 180, 270];

describe("a photo that is shown turned", () => {
  it.each([
    { turn: 0, corner: { x: 0, y: 0 }, size: photo },
    { turn: 90, corner: { x: 300, y: 0 }, size: { width: 300, height: 400 } },
    { turn: 180, corner: { x: 400, y: 300 }, size: photo },
    { turn: 270, corner: { x: 0, y: 400 }, size: { width: 300, height: 400 } },
  ])("has its top left corner where $turn degrees clockwise take it", ({ turn, corner, size }) => {
    expect(turnedSize(photo, turn)).toEqual(size);
    expect(turnedPoint({ x: 0, y: 0 }, photo, turn)).toEqual(corner);
  });

  it.each([
    { turn: 0, box: { x: 10, y: 20, width: 30, height: 50 } },
    { turn: 90, box: { x: 230, y: 10, width: 50, height: 30 } },
    { turn: 180, box: { x: 360, y: 230, width: 30, height: 50 } },
    { turn: 270, box: { x: 20, y: 360, width: 50, height: 30 } },
  ])("has its boxes turned with it by $turn degrees", ({ turn, box }) => {
    expect(turnedBox({ x: 10, y: 20, width: 30, height: 50 }, photo, turn)).toEqual(box);
  });

  it.each(TURNS)("by %i degrees gives points, boxes and sizes that turn back to the photo's own", (turn) => {
    const shown = turnedSize(photo, turn);
    const back = (360 - turn) % 360;
    const point = { x: 12.5, y: 290.25 };
    const box = { x: 10, y: 20, width: 30, height: 50 };
    expect(turnedSize(shown, back)).toEqual(photo);
    expect(turnedPoint(turnedPoint(point, photo, turn), shown, back)).toEqual(point);
    expect(turnedBox(turnedBox(box, photo, turn), shown, back)).toEqual(box);
  });

  it.each([
    { turn: 90, lying: { left: { x: 40, y: 160 }, right: { x: 40, y: 120 } } },
    { turn: 180, lying: { left: { x: 160, y: 40 }, right: { x: 120, y: 40 } } },
    { turn: 270, lying: { left: { x: 40, y: 120 }, right: { x: 40, y: 160 } } },
  ])("by $turn degrees has the left eye on the left, at one height with the right one", ({ turn, lying }) => {
    const middle = { x: 60, y: 140 };
    const face = {
      index: 0,
      box: { x: 20, y: 100, width: 80, height: 80 },
      landmarks: {
        leftEye: lying.left,
        rightEye: lying.right,
        nose: middle,
        leftMouth: middle,
        rightMouth: middle,
      },
    } as FaceView;
    const { leftEye, rightEye } = turnedFace(face, photo, turn).landmarks;
    expect(rightEye.x - leftEye.x).toBe(40);
    expect(rightEye.y).toBe(leftEye.y);
  });

  it("turns the short way round", () => {
    expect(turnBetween(0, 90)).toBe(90);
    expect(turnBetween(0, 270)).toBe(-90);
    expect(turnBetween(270, 0)).toBe(90);
    expect(Math.abs(turnBetween(180, 0))).toBe(180);
  });
});
