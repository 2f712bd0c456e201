import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  loadManifest,
  openInference,
  refusalOfVariant,
  type Inference,
  type Picture,
  type Precision,
  type Tensor,
} from "@similarfaces/inference";
import { portraits, square, type Square } from "./portraits.js";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const NAMES = ["detect", "refine", "embed", "age", "gender", "race", "emotion", "attributes", "mask"];
const PORTRAITS = 24;
const CROP_SIDE = 96;
const CHIP_SIDE = 112;
/** Of the detector's answer: score, box, five points. */
const ROW = 15;

const open = (precision: Precision): Promise<Inference> =>
  openInference({
    modelsDir: MODELS,
    models: NAMES,
    pack: "compact",
    analyzerPacks: ["compact-attributes", "extra"],
    precision: { usual: precision, of: {} },
    workers: 1,
  });

const refusal = refusalOfVariant(await loadManifest(join(MODELS, "compact", "detect")), {
  precision: "int8",
});

if (refusal === undefined) describe("int8 answers nearly as float32 does", compareVariants);
else {
  it("int8 is refused in words on this processor", async () => {
    await expect(open("int8")).rejects.toThrow(/^compact-detect: int8 needs a processor with VNNI/);
  });
}

function compareVariants(): void {
  let variants: readonly [Inference, Inference];
  let frames: Picture[];
  /** By side: squares of the portraits, one behind the other. */
  let pictures: Map<number, Uint8Array>;

  beforeAll(async () => {
    variants = await Promise.all([open("float32"), open("int8")]);
    frames = await portraits(PORTRAITS);
    const faces = await Promise.all(frames.map((frame) => faceIn(variants[0], frame)));
    const cut = async (side: number, squareOf: (face: Row) => Square) =>
      Buffer.concat(await Promise.all(faces.map((face, i) => square(frames[i]!, squareOf(face), side))));
    pictures = new Map([
      [CROP_SIDE, await cut(CROP_SIDE, cropOf)],
      [CHIP_SIDE, await cut(CHIP_SIDE, chipOf)],
    ]);
  });
  afterAll(() => Promise.all(variants.map((one) => one.close())));

  /** What both say of all portraits, by the name of an output: float32's, then int8's. */
  async function answers(name: string, side: number): Promise<(output: string) => [Tensor, Tensor]> {
    const [float32, int8] = await Promise.all(
      variants.map((one) => {
        const pixels = new Uint8Array(pictures.get(side)!);
        return one.model(name).predict({ pixels, width: side, height: side, count: PORTRAITS });
      }),
    );
    return (output) => [float32!.outputs[output]!, int8!.outputs[output]!];
  }

  it("where a face is", async () => {
    for (const frame of frames) {
      const [float32, int8] = await Promise.all(variants.map((one) => faceIn(one, frame)));
      expect(float32![0]).toBeGreaterThan(0.8);
      expect(Math.abs(float32![0]! - int8![0]!)).toBeLessThan(0.03);
      // Several cells see one face: the best of the one may not be the best of the other.
      expect(iou(float32!, int8!)).toBeGreaterThan(0.85);
    }
  });

  it("what a second look sees", async () => {
    const of = await answers("refine", CROP_SIDE);
    expect(differences(...of("score")).most).toBeLessThan(0.02);
    // In sides of the crop: 2 % of 96 pixels.
    expect(differences(...of("points")).most).toBeLessThan(0.02);
    expect(differences(...of("points")).mean).toBeLessThan(0.005);
  });

  it("whom a face is like", async () => {
    const cosines = cosinesOf(...(await answers("embed", CHIP_SIDE))("embedding"));
    expect(Math.min(...cosines)).toBeGreaterThan(0.94);
    expect(mean(cosines)).toBeGreaterThan(0.98);
  });

  it.each([
    ["age", "years"],
    ["attributes", "years"],
  ])("how old a face looks: %s", async (name, output) => {
    const { most, mean } = differences(...(await answers(name, CHIP_SIDE))(output));
    expect(most).toBeLessThan(5);
    expect(mean).toBeLessThan(1.2);
  });

  it.each([
    ["age", "probabilities"],
    ["gender", "probabilities"],
    ["race", "probabilities"],
    ["emotion", "probabilities"],
    ["mask", "probabilities"],
    ["attributes", "age"],
    ["attributes", "gender"],
    ["attributes", "race"],
  ])("how probable an answer is: %s, %s", async (name, output) => {
    const { most, mean } = differences(...(await answers(name, CHIP_SIDE))(output));
    expect(most).toBeLessThan(0.25);
    expect(mean).toBeLessThan(0.02);
  });

  it.each(["float32", "int8"] as const)("the three heads are the three graphs: %s", async (precision) => {
    const at = precision === "float32" ? 0 : 1;
    const heads = await answers("attributes", CHIP_SIDE);
    for (const name of ["age", "gender", "race"]) {
      const alone = (await answers(name, CHIP_SIDE))("probabilities")[at]!;
      expect(differences(alone, heads(name)[at]!).most).toBeLessThan(precision === "float32" ? 1e-5 : 0.01);
    }
  });
}

type Row = readonly number[];

/** The row of the detector's highest score. */
async function faceIn(inference: Inference, frame: Picture): Promise<Row> {
  const { outputs } = await inference.model("detect").predict({ ...frame, pixels: frame.pixels.slice() });
  const { data } = outputs["faces"]!;
  const rows = Array.from({ length: data.length / ROW }, (_, i) => [
    ...data.subarray(i * ROW, (i + 1) * ROW),
  ]);
  return rows.reduce((one, other) => (other[0]! > one[0]! ? other : one));
}

/** What the first look is given, of a face that stands upright. */
function cropOf([, x1 = 0, y1 = 0, x2 = 0, y2 = 0]: Row): Square {
  return { x: (x1 + x2) / 2, y: (y1 + y2) / 2, side: 1.5 * Math.sqrt((x2 - x1) * (y2 - y1)) };
}

/** ArcFace's frame by the eyes alone: 35.2 of its 112 pixels lie between them, and their middle 4.4 above its own. */
function chipOf([, , , , , leftX = 0, leftY = 0, rightX = 0, rightY = 0]: Row): Square {
  const pixel = (rightX - leftX) / 35.2;
  return { x: (leftX + rightX) / 2, y: (leftY + rightY) / 2 + 4.4 * pixel, side: CHIP_SIDE * pixel };
}

function iou(
  [, ax1 = 0, ay1 = 0, ax2 = 0, ay2 = 0]: Row,
  [, bx1 = 0, by1 = 0, bx2 = 0, by2 = 0]: Row,
): number {
  const width = Math.min(ax2, bx2) - Math.max(ax1, bx1);
  const height = Math.min(ay2, by2) - Math.max(ay1, by1);
  const shared = Math.max(0, width) * Math.max(0, height);
  return shared / ((ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - shared);
}

function differences(a: Tensor, b: Tensor): { most: number; mean: number } {
  expect(a.dims).toEqual(b.dims);
  const all = Array.from(a.data, (value, i) => Math.abs(value - b.data[i]!));
  return { most: Math.max(...all), mean: mean(all) };
}

/** Of the embeddings of each picture. */
function cosinesOf(a: Tensor, b: Tensor): number[] {
  const length = a.dims[1]!;
  const of = ({ data }: Tensor, i: number) => data.subarray(i * length, (i + 1) * length);
  return Array.from({ length: a.dims[0]! }, (_, i) => {
    const [x, y] = [of(a, i), of(b, i)];
    return x.reduce((sum, value, at) => sum + value * y[at]!, 0) / (Math.hypot(...x) * Math.hypot(...y));
  });
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
