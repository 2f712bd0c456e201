import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ANALYZERS,
  FaceWorkSchema,
  create,
  newJobId,
  toBinary,
  type AnalyzerName,
  type AgeEstimate,
  type Classification,
} from "@similarfaces/contracts";
import { openInference, type Inference } from "@similarfaces/inference";
import { createAnalyzer } from "../src/mod.js";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const GALLERY = `${MODELS}/samples/gallery`;

let inference: Inference;

beforeAll(async () => {
  inference = await openInference({ modelsDir: MODELS, tasks: ANALYZERS, pack: "compact", workers: 2 });
});
afterAll(() => inference?.close());

/** A portrait of the sample gallery, which is centred on its face, as a chip. */
async function chipOf(file: string): Promise<Uint8Array> {
  return sharp(`${GALLERY}/${file}`).resize(144, 144).removeAlpha().raw().toBuffer();
}

type Answer<N extends AnalyzerName> = N extends "age" ? AgeEstimate : Classification;

async function analyze<N extends AnalyzerName>(name: N, chip: Uint8Array): Promise<Answer<N>> {
  const stage = createAnalyzer(name, { inference });
  const work = create(FaceWorkSchema, { jobId: newJobId(Date.now()), face: 0, chip, stages: [name] });
  const { outcome, model, startedAtMs } = await stage.handle(
    stage.decode(toBinary(FaceWorkSchema, work))[0]!,
    {
      attempt: 1,
      priority: 0,
      signal: new AbortController().signal,
      storedResult: async () => undefined,
    },
  );
  expect(model).toBe(`compact-${name}@1.0.0`);
  expect(startedAtMs).toBeGreaterThan(0);
  if (outcome.case !== name) throw new Error(`${name} answered ${outcome.case}`);
  return outcome.value as Answer<N>;
}

/** Identical cases for every analyzer that chooses among labels. */
function testClassifier(name: "gender" | "race" | "emotion", labels: readonly string[]): void {
  describe(name, () => {
    it("answers with the model's labels in their order, probabilities that sum to 1, and the most probable", async () => {
      const { label, probability, probabilities } = await analyze(name, await chipOf("composite-001.jpg"));
      expect(probabilities.map((entry) => entry.label)).toEqual(labels);
      expect(probabilities.reduce((sum, entry) => sum + entry.probability, 0)).toBeCloseTo(1, 2);
      const best = probabilities.toSorted((a, b) => b.probability - a.probability)[0]!;
      expect({ label, probability }).toEqual({ label: best.label, probability: best.probability });
    });

    it("answers the same about the same chip", async () => {
      const chip = await chipOf("composite-002.jpg");
      expect(await analyze(name, chip)).toEqual(await analyze(name, chip));
    });
  });
}

testClassifier("gender", ["male", "female"]);
testClassifier("race", [
  "White",
  "Black",
  "Latino_Hispanic",
  "East Asian",
  "Southeast Asian",
  "Indian",
  "Middle Eastern",
]);
testClassifier("emotion", ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]);

describe("age", () => {
  it("answers with years within the middle 80 % of its own distribution", async () => {
    const { years, lowYears, highYears, probabilities } = await analyze(
      "age",
      await chipOf("composite-003.jpg"),
    );
    expect(probabilities).toHaveLength(101);
    expect(probabilities.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 1);
    expect(lowYears).toBeLessThan(years);
    expect(highYears).toBeGreaterThan(years);
    expect(highYears).toBeLessThanOrEqual(100);
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
      const { label } = await analyze("gender", await chipOf(file));
      if (label === averagedFrom.gender.toLowerCase()) right++;
    }
    // Groups are plausible, not true: this holds the direction of the labels, not an accuracy.
    expect(right / some.length).toBeGreaterThan(0.75);
  });
});

describe.each(ANALYZERS)("%s, given what is no chip", (name) => {
  it("refuses the message", () => {
    const stage = createAnalyzer(name, { inference });
    const work = create(FaceWorkSchema, { jobId: newJobId(Date.now()), chip: new Uint8Array(10) });
    expect(() => stage.decode(toBinary(FaceWorkSchema, work))).toThrow(
      expect.objectContaining({ code: "malformed_message" }),
    );
    expect(() => stage.decode(Uint8Array.of(255, 255, 255))).toThrow();
  });
});
