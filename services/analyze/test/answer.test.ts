import type { ManifestAnswer } from "@similarfaces/inference";
import { describe, expect, it } from "vitest";
import { readAnswer } from "../src/answer.js";

const title = { en: "Smile" };
const label = (name: string) => ({ label: name, title, words: title, unsure: title });
const smile: ManifestAnswer = {
  name: "smile",
  output: "probabilities",
  title,
  classification: { unsureBelow: 0.6, labels: [label("none"), label("slight"), label("broad")] },
};
const width: ManifestAnswer = {
  name: "width",
  output: "mm",
  title,
  measure: { unit: "mm", words: title, decimals: 1, interval: 0 },
};
const withBins: ManifestAnswer = {
  ...width,
  measure: { ...width.measure!, bins: { first: 40, width: 10, count: 4 }, interval: 0.5 },
};

const outputs = (name: string, ...data: number[]) => ({
  [name]: { data: Float32Array.from(data), dims: [1, data.length] },
});

describe("an answer is read by its kind", () => {
  it("a classification: the best label, and all in the model's order", () => {
    expect(readAnswer(smile, outputs("probabilities", 0.2, 0.7, 0.1))).toMatchObject({
      name: "smile",
      kind: {
        case: "classification",
        value: {
          label: "slight",
          probability: 0.7,
          probabilities: [
            { label: "none", probability: 0.2 },
            { label: "slight", probability: 0.7 },
            { label: "broad", probability: 0.1 },
          ],
        },
      },
    });
  });

  it("a classification: what its label hides, where the model is not unsure", () => {
    const scarf: ManifestAnswer = {
      ...smile,
      classification: {
        unsureBelow: 0.6,
        labels: [label("bare"), { ...label("scarf"), hides: ["nose", "mouth"] }],
      },
    };
    const hides = (...probabilities: number[]) => {
      const { kind } = readAnswer(scarf, outputs("probabilities", ...probabilities));
      return kind.case === "classification" ? kind.value.hides : undefined;
    };
    expect(hides(0.1, 0.9)).toEqual(["nose", "mouth"]);
    expect(hides(0.45, 0.55)).toEqual([]);
    expect(hides(0.9, 0.1)).toEqual([]);
  });

  it("a measure of one number: the number, without an interval, one digit finer than it is shown", () => {
    const { kind } = readAnswer(width, outputs("mm", 61.23456));
    expect(kind).toMatchObject({ case: "measure", value: { value: 61.23, unit: "mm", probabilities: [] } });
    expect(kind.value).not.toHaveProperty("low");
  });

  it("a measure of bins: their mean, and the interval around the median that holds the manifest's share, in its unit", () => {
    const { kind } = readAnswer(withBins, outputs("mm", 0.25, 0.25, 0.25, 0.25));
    // Bins reach half a width beyond their middles: the quarters end at 45, 55 and 65.
    expect(kind).toMatchObject({
      case: "measure",
      value: { value: 55, low: 45, high: 65, probabilities: [0.25, 0.25, 0.25, 0.25] },
    });
  });
});

describe("what is no such answer is the model's failure", () => {
  const failing: [string, ManifestAnswer, ReturnType<typeof outputs>][] = [
    ["no output of that name", smile, outputs("logits", 1)],
    ["another number of probabilities", smile, outputs("probabilities", 0.5, 0.5)],
    ["what does not sum to 1", smile, outputs("probabilities", 0.5, 0.5, 0.5)],
    ["no numbers", smile, outputs("probabilities", Number.NaN, 0.5, 0.5)],
    ["another number of bins", withBins, outputs("mm", 0.5, 0.5)],
    ["two numbers for one", width, outputs("mm", 1, 2)],
    ["an infinite one", width, outputs("mm", Infinity)],
  ];
  it.each(failing)("%s", (_, answer, given) => {
    expect(() => readAnswer(answer, given)).toThrow(
      expect.objectContaining({ code: "model_failed", retryable: true }),
    );
  });
});
