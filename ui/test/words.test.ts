import type { AnnouncementJson, AnswerJson, ClassificationJson } from "@similarfaces/contracts/job";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { accuracyOf } from "../src/analyse/accuracy";
import {
  answerWords,
  intervalWords,
  isPanel,
  longestWords,
  measureText,
  rankedLabels,
  shownAnswers,
} from "@similarfaces/contracts/answers";
import { durationWords, formatMs } from "../src/formats";
import { textIn } from "@similarfaces/contracts/texts";

const guess = (label: string, probability: number): ClassificationJson => ({
  label,
  probability,
  probabilities: [
    { label: "other", probability: 1 - probability },
    { label, probability },
  ],
  hides: [],
});
const MASK: AnnouncementJson = {
  name: "mask",
  order: 1,
  title: { en: "Mask" },
  answers: [
    {
      name: "mask",
      title: { en: "Mask" },
      tag: true,
      caution: {},
      classification: {
        unsureBelow: 0.6,
        labels: [
          {
            label: "covered",
            title: { en: "covered" },
            words: { en: "wears a mask" },
            unsure: { en: "perhaps wears a mask" },
            hides: ["nose", "mouth"],
          },
          { label: "bare", title: { en: "bare" }, words: { en: "bare face" }, unsure: {}, hides: [] },
        ],
      },
    },
    {
      name: "width",
      title: { en: "Width" },
      tag: false,
      caution: {},
      measure: {
        unit: "cm",
        words: { en: "{value} cm wide" },
        decimals: 1,
        min: 0,
        max: 1_000,
        interval: 0.8,
      },
    },
  ],
  model: {
    pack: "p",
    id: "mask",
    version: "1",
    licence: "",
    source: "",
    notice: "",
    measured: [],
    precision: "float32",
  },
  chipSide: 112,
};
const shown = (...answers: AnswerJson[]) => shownAnswers(MASK, { answers });

beforeAll(() => void vi.stubGlobal("navigator", { languages: ["en-GB", "en"] }));

describe("texts by language", () => {
  it("are the first that the visitor reads, else English", () => {
    const texts = { en: "mask", de: "Maske", "pt-BR": "máscara" };
    expect(textIn(texts, ["de-AT", "en"])).toBe("Maske");
    expect(textIn(texts, ["pt-BR"])).toBe("máscara");
    expect(textIn(texts, ["fr", "nl"])).toBe("mask");
    expect(textIn({}, ["de"])).toBe("");
    expect(textIn(undefined, ["de"])).toBe("");
  });
});

describe("words for an analyzer's answers", () => {
  it("are those announced for the label, and others below its floor", () => {
    const [sure] = shown({ name: "mask", classification: guess("covered", 0.94) });
    expect(answerWords(sure!)).toBe("wears a mask");
    const [unsure] = shown({ name: "mask", classification: guess("covered", 0.5) });
    expect(answerWords(unsure!)).toBe("perhaps wears a mask");
    const [withoutUnsure] = shown({ name: "mask", classification: guess("bare", 0.5) });
    expect(answerWords(withoutUnsure!)).toBe("bare face");
  });

  it("have figures as the announcement writes them", () => {
    const measure = { value: 12.34, unit: "cm", low: 10, high: 15.06, probabilities: [] };
    const [, width] = shown({ name: "width", measure });
    expect(answerWords(width!)).toBe("12.3 cm wide");
    expect(intervalWords(width!.spec.measure, measure)).toBe("80% sure: 10.0 to 15.1");
    expect(measureText(width!.spec.measure, -0.01)).toBe("0.0 cm");
    expect(measureText({ ...width!.spec.measure!, unit: "degrees", decimals: 0 }, -12.4)).toBe("-12°");
  });

  it("know how long they may become", () => {
    expect(MASK.answers.map(longestWords)).toEqual(["Perhaps wears a mask", "1000.0 cm wide"]);
  });

  it("are the answer's own names where nobody has announced it", () => {
    const answers = [
      { name: "hat", classification: guess("top_hat", 0.7) },
      { name: "height", measure: { value: 3.14159, unit: "cm", probabilities: [] } },
    ];
    const bare = shownAnswers(undefined, { answers });
    expect(bare.map(answerWords)).toEqual(["top hat", "3.14 cm"]);
    // Beyond what was announced, too.
    expect(shownAnswers(MASK, { answers }).map(({ spec }) => spec.name)).toEqual([
      "mask",
      "width",
      "hat",
      "height",
    ]);
  });

  it("are kept room for before there is an answer", () => {
    expect(shownAnswers(MASK, undefined).map(({ answer }) => answer)).toEqual([undefined, undefined]);
    expect(shownAnswers(undefined, undefined)).toEqual([]);
  });

  it("become rows where all are single measures", () => {
    const [classified, measured] = MASK.answers as [
      AnnouncementJson["answers"][0],
      AnnouncementJson["answers"][0],
    ];
    expect(isPanel([measured, measured])).toBe(true);
    expect(isPanel([measured])).toBe(false);
    expect(isPanel([measured, classified])).toBe(false);
    const bins = { first: 0, width: 1, count: 2 };
    expect(isPanel([measured, { ...measured, measure: { ...measured.measure!, bins } }])).toBe(false);
  });

  it("rank labels by probability without changing the answer", () => {
    const answer = guess("bare", 0.7);
    expect(rankedLabels(MASK.answers[0]!.classification, answer).map(({ label }) => label)).toEqual([
      "bare",
      "other",
    ]);
    expect(answer.probabilities[0]!.label).toBe("other");
  });
});

describe("how often a model was right", () => {
  it("is a sentence, and figures per group", () => {
    const figures = { accuracy: 0.8997, by_race: { Black: 0.8363, White: 0.9 } };
    const accuracy = accuracyOf([{ data: "Faces", n: 4987, date: "2026", figures }])!;
    expect(accuracy.sentence).toBe("Right in 90% of 4,987 tests.");
    expect(accuracy.data).toBe("Faces");
    expect(accuracy.groups).toEqual([
      { name: "Black", value: 0.8363 },
      { name: "White", value: 0.9 },
    ]);
    const years = { mae_years: 4.86, mae_by_age: { "0-9": [1.68, 306] } };
    expect(accuracyOf([{ data: "Ages", n: 10, date: "", figures: years }])).toMatchObject({
      unit: "years",
      groups: [{ name: "0-9", value: 1.68 }],
    });
    expect(accuracyOf([])).toBeUndefined();
  });
});

describe("figures", () => {
  it("have units, and never write something as nothing", () => {
    expect([1_000, 90_000, 60_000, 600_000, 7_200_000].map(durationWords)).toEqual([
      "1 second",
      "90 seconds",
      "1 minute",
      "10 minutes",
      "2 hours",
    ]);
    expect([0.4, 84.4, 1_300, 59_600, 125_000].map(formatMs)).toEqual([
      "0 ms",
      "84 ms",
      "1.3 s",
      "60 s",
      "2 min 5 s",
    ]);
  });
});
