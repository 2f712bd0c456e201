import type { AnalysisJson, AnnouncementJson, MeasureSpecJson, TextsJson } from "./shapes.js";

const en = (text: string): TextsJson => ({ en: text });

function answer(name: string, title: string, measure: Omit<MeasureSpecJson, "interval">) {
  return { name, title: en(title), tag: false, caution: {}, measure: { ...measure, interval: 0 } };
}

const degrees = { unit: "degrees", decimals: 0 } as const;

/** The answer that sums up the others, 0..1. */
const QUALITY_SCORE = "score";

/**
 * How the stage `quality` is shown. It announces nothing, for it has no process of its own: `extract` answers it along with the faces
 * (services/extract/src/faces/quality.ts), so whoever lists analyzers puts this first where `quality` is switched on.
 */
export const QUALITY: AnnouncementJson & { name: "quality" } = {
  name: "quality",
  order: 0,
  title: en("Quality"),
  hue: 210,
  answers: [
    {
      ...answer(QUALITY_SCORE, "Score", {
        unit: "",
        words: en("quality {value}"),
        decimals: 2,
        min: 0,
        max: 1,
      }),
      caution: en("Says how much of a face the photo shows. It says nothing about the person."),
    },
    answer("size", "Size", { unit: "px", words: en("{value} px"), decimals: 0 }),
    answer("sharpness", "Sharpness", {
      unit: "",
      words: en("sharpness {value}"),
      decimals: 2,
      min: 0,
      max: 1,
    }),
    answer("exposure", "Exposure", {
      unit: "%",
      words: en("brightness {value}%"),
      decimals: 0,
      min: 0,
      max: 100,
    }),
    answer("yaw", "Yaw", { ...degrees, words: en("turned {value}°"), min: -90, max: 90 }),
    answer("pitch", "Pitch", { ...degrees, words: en("raised {value}°"), min: -90, max: 90 }),
    answer("roll", "Roll", { ...degrees, words: en("tilted {value}°"), min: -180, max: 180 }),
  ],
  model: {
    pack: "",
    id: "quality",
    version: "1.0.0",
    licence: "MIT",
    source: "services/extract/src/faces/quality.ts",
    notice: "",
    measured: [],
    precision: "",
  },
  chipSide: 0,
};

/** Default of `extract`'s setting FACE_FLOOR, 0..1: a face of less detail is too small or too blurred to analyse, and skipped. */
export const FACE_FLOOR = 0.06;

/** Default of the gateway's setting, 0..1: enrolling a face of a lower score gets a warning. services/extract/README.md has what was measured. */
export const ENROLMENT_FLOOR = 0.3;

/** The score among the answers of `quality`, 0..1; undefined where there is none. */
export function scoreOf({ answers }: AnalysisJson): number | undefined {
  return answers.find(({ name }) => name === QUALITY_SCORE)?.measure?.value;
}
