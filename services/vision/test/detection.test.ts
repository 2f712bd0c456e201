import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  YUNET_STRIDES,
  clipBox,
  decodeCells,
  decodeYunet,
  iou,
  suppress,
  type Detection,
} from "../src/mod.js";

const read = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`golden/${name}.json`, import.meta.url), "utf8")) as T;

const point = { x: 0, y: 0 };
const landmarks = { leftEye: point, rightEye: point, nose: point, leftMouth: point, rightMouth: point };

describe("decodeCells", () => {
  const cell = (score: number) => [score, 10, 20, 40, 60, 15, 30, 35, 31, 25, 40, 17, 50, 33, 51];

  it("reads boxes and the five points of cells that score enough", () => {
    const rows = Float32Array.from([...cell(0.25), ...cell(0.75)]);
    expect(decodeCells(rows, 0.5)).toEqual([
      {
        score: 0.75,
        box: { x: 10, y: 20, width: 30, height: 40 },
        landmarks: {
          leftEye: { x: 15, y: 30 },
          rightEye: { x: 35, y: 31 },
          nose: { x: 25, y: 40 },
          leftMouth: { x: 17, y: 50 },
          rightMouth: { x: 33, y: 51 },
        },
      },
    ]);
  });

  it("passes over scores that are no numbers, and a row that is cut off", () => {
    expect(decodeCells(Float32Array.from([...cell(Number.NaN), ...cell(0.9).slice(0, 9)]), 0.5)).toEqual([]);
  });
});

describe("decodeYunet", () => {
  interface Golden {
    width: number;
    height: number;
    maps: Record<string, { cells: number; rows: number[][] }>;
    faces: number[][];
  }

  it("with suppression finds what OpenCV's FaceDetectorYN finds", () => {
    const { width, height, maps, faces } = read<Golden>("yunet");
    // Rows: cell, cls, obj, bbox [4], kps [10]; cells left out score below 0.5.
    const levels = YUNET_STRIDES.map((stride) => {
      const { cells, rows } = maps[stride]!;
      const level = {
        cls: new Float32Array(cells),
        obj: new Float32Array(cells),
        bbox: new Float32Array(cells * 4),
        kps: new Float32Array(cells * 10),
      };
      for (const [cell = 0, cls = 0, obj = 0, ...rest] of rows) {
        level.cls[cell] = cls;
        level.obj[cell] = obj;
        level.bbox.set(rest.slice(0, 4), cell * 4);
        level.kps.set(rest.slice(4), cell * 10);
      }
      return level;
    });
    const found = suppress(decodeYunet(levels, { width, height }, 0.5), 0.4);
    expect(found).toHaveLength(faces.length);
    for (const [i, face] of faces.entries()) {
      const { box, landmarks: points, score } = found[i]!;
      const here = [
        box.x,
        box.y,
        box.width,
        box.height,
        ...Object.values(points).flatMap(({ x, y }) => [x, y]),
        score,
      ];
      for (const [k, value] of face.entries()) expect(here[k]).toBeCloseTo(value, 1);
    }
  });
});

describe("suppress", () => {
  it("keeps what OpenCV's NMSBoxes keeps, best first", () => {
    const { boxes, scores, kept } = read<{ boxes: number[][]; scores: number[]; kept: number[] }>("nms");
    const detections: (Detection<"image"> & { index: number })[] = boxes.map(
      ([x, y, width, height], index) => ({
        index,
        score: scores[index]!,
        box: { x: x!, y: y!, width: width!, height: height! },
        landmarks,
      }),
    );
    const survivors = suppress(detections, 0.4);
    expect(survivors.map(({ index }) => index)).toEqual(kept);
  });

  it("takes boxes of no size for no overlap", () => {
    const empty = { x: 5, y: 5, width: 0, height: 0 };
    expect(iou(empty, empty)).toBe(0);
    expect(iou({ x: 0, y: 0, width: 2, height: 2 }, { x: 1, y: 0, width: 2, height: 2 })).toBeCloseTo(1 / 3);
  });
});

describe("clipBox", () => {
  it("leaves the part within the picture, or nothing", () => {
    const size = { width: 100, height: 50 };
    expect(clipBox({ x: -10, y: 40, width: 30, height: 30 }, size)).toEqual({
      x: 0,
      y: 40,
      width: 20,
      height: 10,
    });
    expect(clipBox({ x: 120, y: 10, width: 10, height: 10 }, size)).toMatchObject({ width: 0, height: 10 });
  });
});
