import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  FaceWorkSchema,
  create,
  newJobId,
  toBinary,
  type Analysis,
  type Answer,
  type MessageInitShape,
} from "@similarfaces/contracts";
import { findAnalyzers, openInference, type Inference } from "@similarfaces/inference";
import { createAnalyzer } from "../src/mod.js";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const GALLERY = `${MODELS}/samples/gallery`;
const PACKS = { modelsDir: MODELS, pack: "compact", analyzerPacks: ["extra"] };
const ANALYZERS = await findAnalyzers(PACKS);

let inference: Inference;

beforeAll(async () => {
  const models = ANALYZERS.map(({ name }) => name);
  inference = await openInference({ ...PACKS, models, workers: 2 });
});
afterAll(() => inference?.close());

/** A portrait of the sample gallery, which is centred on its face, as a chip, with something drawn over it where that is said. */
async function chipOf(file: string, { side = 112, over = "" } = {}): Promise<Uint8Array> {
  const margin = (144 - side) / 2;
  const whole = await sharp(`${GALLERY}/${file}`)
    .resize(144, 144)
    .composite(over === "" ? [] : [{ input: Buffer.from(over) }])
    .png()
    .toBuffer();
  return sharp(whole)
    .extract({ left: margin, top: margin, width: side, height: side })
    .removeAlpha()
    .raw()
    .toBuffer();
}

const CALL = {
  attempt: 1,
  priority: 0,
  signal: new AbortController().signal,
  storedResult: async () => undefined,
};

function workOf(faces: MessageInitShape<typeof FaceWorkSchema>["faces"], chipSide = 112): Uint8Array {
  const work = create(FaceWorkSchema, { jobId: newJobId(Date.now()), chipSide, ...(faces ? { faces } : {}) });
  return toBinary(FaceWorkSchema, work);
}

async function analyze(name: string, chip: Uint8Array, side = 112): Promise<Analysis> {
  const stage = createAnalyzer(name, { inference });
  const [piece] = stage.decode(workOf([{ face: 0, chip }], side));
  const { outcome, model, startedAtMs } = await stage.handle(piece!, CALL);
  expect(model).toBe(inference.model(name).name);
  expect(startedAtMs).toBeGreaterThan(0);
  if (outcome.case !== "analysis") throw new Error(`${name} answered ${outcome.case}`);
  return outcome.value;
}

function classificationOf({ kind }: Answer) {
  if (kind.case !== "classification") throw new Error(`the answer is a ${kind.case}`);
  return kind.value;
}

describe.each(ANALYZERS)("$name", ({ name, manifest }) => {
  it("gives the answers of its manifest, each of its kind", async () => {
    const { answers } = await analyze(name, await chipOf("composite-003.jpg"));
    expect(answers.map((answer) => answer.name)).toEqual(manifest.answers.map((answer) => answer.name));
    for (const [index, answer] of answers.entries()) {
      const { classification, measure } = manifest.answers[index]!;
      if (classification) {
        const { label, probability, probabilities } = classificationOf(answer);
        expect(probabilities.map((entry) => entry.label)).toEqual(
          classification.labels.map((entry) => entry.label),
        );
        expect(probabilities.reduce((sum, entry) => sum + entry.probability, 0)).toBeCloseTo(1, 2);
        const best = probabilities.toSorted((a, b) => b.probability - a.probability)[0]!;
        expect({ label, probability }).toEqual({ label: best.label, probability: best.probability });
      } else {
        if (answer.kind.case !== "measure") throw new Error(`the answer is a ${answer.kind.case}`);
        const { value, low, high, unit, probabilities } = answer.kind.value;
        expect(unit).toBe(measure!.unit);
        expect(probabilities).toHaveLength(measure!.bins?.count ?? 0);
        expect(low).toBeLessThan(value);
        expect(high).toBeGreaterThan(value);
        expect(high).toBeLessThanOrEqual(measure!.max!);
      }
    }
  });

  it("sees the middle of a larger chip", async () => {
    const [large, middle] = [
      await chipOf("composite-002.jpg", { side: 144 }),
      await chipOf("composite-002.jpg"),
    ];
    expect(await analyze(name, large, 144)).toEqual(await analyze(name, middle));
  });

  it("answers the same about the same chip", async () => {
    const chip = await chipOf("composite-002.jpg");
    expect(await analyze(name, chip)).toEqual(await analyze(name, chip));
  });
});

describe("on the composites, whose groups are known", () => {
  interface Composite {
    file: string;
    averagedFrom: { race: string; gender: string; age: string };
  }

  it("gender agrees with the group that a portrait was averaged from, mostly", async () => {
    const entries = JSON.parse(await readFile(`${GALLERY}/index.json`, "utf8")) as Composite[];
    const some = entries.filter((_, i) => i % 4 === 0);
    let right = 0;
    for (const { file, averagedFrom } of some) {
      const { answers } = await analyze("gender", await chipOf(file));
      if (classificationOf(answers[0]!).label === averagedFrom.gender.toLowerCase()) right++;
    }
    // Groups are plausible, not true: this holds the direction of the labels, not an accuracy.
    expect(right / some.length).toBeGreaterThan(0.75);
  });
});

describe("mask", () => {
  /** A cloth from the cheeks over nose and mouth to the chin, in pixels of a chip of 144. */
  const CLOTH = `<svg width="144" height="144"><path d="M36 84 Q72 74 108 84 L100 122 Q72 140 44 122 Z" fill="#9fc4dc"/></svg>`;

  it("tells a covered face from a bare one", async () => {
    for (const file of ["composite-001.jpg", "composite-020.jpg", "composite-050.jpg"]) {
      const [bare, covered] = [await chipOf(file), await chipOf(file, { over: CLOTH })];
      expect(classificationOf((await analyze("mask", bare)).answers[0]!).label).toBe("bare");
      expect(classificationOf((await analyze("mask", covered)).answers[0]!).label).toBe("covered");
    }
  });
});

describe("a message", () => {
  const stage = () => createAnalyzer("gender", { inference });

  it("of several faces is as many pieces of work", () => {
    const chip = new Uint8Array(112 * 112 * 3);
    const pieces = stage().decode(workOf([3, 4, 9].map((face) => ({ face, chip }))));
    expect(pieces.map(({ face }) => face)).toEqual([3, 4, 9]);
  });

  it.each([
    ["without a face", workOf([])],
    ["with a chip that is none", workOf([{ chip: new Uint8Array(10) }])],
    ["with chips of another side than it says", workOf([{ chip: new Uint8Array(112 * 112 * 3) }], 144)],
    ["with chips of a side that there is not", workOf([{ chip: new Uint8Array(96 * 96 * 3) }], 96)],
  ])("%s is refused", (_, message) => {
    expect(() => stage().decode(message)).toThrow(expect.objectContaining({ code: "malformed_message" }));
  });

  it("of other bytes is refused", () => {
    expect(() => stage().decode(Uint8Array.of(255, 255, 255))).toThrow();
  });
});
