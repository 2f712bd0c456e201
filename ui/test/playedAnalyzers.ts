import type { AnnouncementSchema, AnswerSpecSchema, MessageInitShape } from "@similarfaces/contracts";

export type Announcement = MessageInitShape<typeof AnnouncementSchema> & { name: string };
type AnswerSpec = Exclude<MessageInitShape<typeof AnswerSpecSchema>, { $typeName: string }>;
type Label = [label: string, title: string, words: string, unsure: string];

const model = (id: string) => ({
  pack: "played",
  id,
  version: "1.0.0",
  licence: "MIT",
  source: "a test",
  notice: "",
  measured: [{ data: "nobody's faces", n: 1_000, date: "2026-11", figures: { accuracy: 0.9 } }],
});

const classified = (
  name: string,
  labels: Label[],
  more: Pick<AnswerSpec, "tag" | "title" | "caution"> = {},
): AnswerSpec => ({
  name,
  title: { en: name },
  ...more,
  kind: {
    case: "classification",
    value: {
      unsureBelow: 0.6,
      labels: labels.map(([label, title, words, unsure]) => ({
        label,
        title: { en: title },
        words: { en: words },
        unsure: { en: unsure },
      })),
    },
  },
});

/** As the analyzers of the compact pack announce themselves, more briefly. */
export const FOUR: readonly Announcement[] = [
  {
    name: "age",
    order: 10,
    hue: 70,
    title: { en: "Age" },
    answers: [
      {
        name: "age",
        title: { en: "Age" },
        tag: true,
        caution: { en: "Guesses how old a face looks." },
        kind: {
          case: "measure",
          value: {
            unit: "years",
            words: { en: "looks {value}" },
            min: 0,
            max: 100,
            bins: { first: 0, width: 1, count: 101 },
            interval: 0.8,
          },
        },
      },
    ],
    model: model("age"),
  },
  {
    name: "gender",
    order: 20,
    hue: 170,
    title: { en: "Gender" },
    answers: [
      classified("gender", [
        ["male", "man", "probably a man", "perhaps a man"],
        ["female", "woman", "probably a woman", "perhaps a woman"],
      ]),
    ],
    model: model("gender"),
  },
  {
    name: "emotion",
    order: 30,
    hue: 30,
    title: { en: "Emotion" },
    answers: [
      classified(
        "emotion",
        [
          ["happy", "happy", "looks happy", "perhaps happy"],
          ["neutral", "neutral", "looks neutral", "perhaps neutral"],
          ["surprise", "surprised", "looks surprised", "perhaps surprised"],
        ],
        { tag: true },
      ),
    ],
    model: model("emotion"),
  },
  {
    name: "race",
    order: 40,
    hue: 110,
    title: { en: "Race" },
    answers: [
      classified(
        "race",
        ["East Asian", "Southeast Asian", "White"].map((name): Label => [
          name,
          name,
          `model's label: ${name}`,
          `unsure: ${name}`,
        ]),
        { caution: { en: "No fact about origin, nationality or culture." } },
      ),
    ],
    model: model("race"),
  },
];

/** Whom the page has never heard of: one classification, no hue. */
export const MASK: Announcement = {
  name: "mask",
  order: 60,
  title: { en: "Mask", de: "Maske" },
  answers: [
    classified(
      "mask",
      [
        ["covered", "covered", "wears a mask", "perhaps wears a mask"],
        ["bare", "bare", "bare face", "perhaps a bare face"],
      ],
      { tag: true, title: { en: "Mask" }, caution: { en: "Trained on drawn masks." } },
    ),
  ],
  model: model("mask"),
};

const measured = (
  name: string,
  title: string,
  value: { unit?: string; min?: number; max?: number; decimals?: number },
): AnswerSpec => ({ name, title: { en: title }, kind: { case: "measure", value } });

/** Several measures of one analyzer, with a range and without. */
export const LIGHT: Announcement = {
  name: "light",
  order: 5,
  title: { en: "Light" },
  answers: [
    measured("angle", "Angle", { unit: "degrees", min: -90, max: 90 }),
    measured("contrast", "Contrast", { min: 0, max: 1, decimals: 2 }),
    measured("distance", "Distance", { unit: "cm" }),
  ],
  model: model("light"),
};
