import type { MessageInitShape, ResultSchema } from "@similarfaces/contracts";
import { EMBEDDING, analysisOf, qualityOf } from "../../gateway/test/meshFixture.js";

type Result = MessageInitShape<typeof ResultSchema>;

const times = () => {
  const nowMs = Date.now();
  return { queuedAtMs: nowMs - 30, startedAtMs: nowMs - 20, finishedAtMs: nowMs };
};

/** What extract would say of a photo of 1,920 by 1,080 pixels: faces in rows, the first the largest. */
export function extractOf(
  jobId: string,
  faces: number,
  { columns = 4, facesOmitted = 0, skipped = [] as readonly number[] } = {},
): Result {
  const size = { width: 1_920, height: 1_080 };
  const cell = { width: size.width / columns, height: size.height / Math.ceil(faces / columns) };
  const side = Math.min(cell.width, cell.height) * 0.4;
  return {
    jobId,
    stage: "extract",
    timings: times(),
    outcome: {
      case: "extract",
      value: {
        size,
        facesOmitted,
        faces: Array.from({ length: faces }, (_, index) => {
          const x = ((index % columns) + 0.5) * cell.width - side / 2;
          const y = (Math.floor(index / columns) + 0.5) * cell.height - side / 2;
          const at = (right: number, down: number) => ({ x: x + right * side, y: y + down * side });
          return {
            index,
            box: { x, y, width: side, height: side },
            landmarks: {
              leftEye: at(0.3, 0.4),
              rightEye: at(0.7, 0.4),
              nose: at(0.5, 0.6),
              leftMouth: at(0.35, 0.8),
              rightMouth: at(0.65, 0.8),
            },
            score: 0.95,
            quality: qualityOf(skipped.includes(index) ? 0.1 : 0.8),
            skipped: skipped.includes(index),
          };
        }),
      },
    },
  };
}

/** A classification, the best label first. */
export const guessOf = (name: string, ...probabilities: [label: string, probability: number][]) =>
  analysisOf(name, {
    case: "classification",
    value: {
      label: probabilities[0]![0],
      probability: probabilities[0]![1],
      probabilities: probabilities.map(([label, probability]) => ({ label, probability })),
    },
  });

/** A result about one face, as a stage would publish it. */
export const resultOf = (
  jobId: string,
  stage: string,
  face: number,
  outcome: NonNullable<Result["outcome"]>,
): Result => ({ jobId, stage, face, timings: times(), outcome });

/** How alike the nearest five of 76 are: by the pair alone the first is likely one person, by the gallery one stranger in 13 is as alike. */
const PLAYED_MATCHES = [
  {
    similarity: 0.37,
    likelihood: 0.76,
    falseMatchRate: 0.001,
    falsePositiveRate: 0.0732,
    verdict: "quite_alike",
  },
  {
    similarity: 0.32,
    likelihood: 0.57,
    falseMatchRate: 0.0033,
    falsePositiveRate: 0.222,
    verdict: "a_little_alike",
  },
  {
    similarity: 0.2,
    likelihood: 0.13,
    falseMatchRate: 0.04,
    falsePositiveRate: 0.955,
    verdict: "no_close_match",
  },
  {
    similarity: 0.15,
    likelihood: 0.06,
    falseMatchRate: 0.09,
    falsePositiveRate: 0.999,
    verdict: "no_close_match",
  },
  {
    similarity: 0.1,
    likelihood: 0.03,
    falseMatchRate: 0.18,
    falsePositiveRate: 1,
    verdict: "no_close_match",
  },
];

/** What the other stages would say of one of its faces. */
export function answersOf(jobId: string, face: number) {
  const result = (stage: string, outcome: NonNullable<Result["outcome"]>) =>
    resultOf(jobId, stage, face, outcome);
  const years = Array.from({ length: 101 }, (_, year) => Math.exp(-((year - 31) ** 2) / 60));
  return {
    age: result(
      "age",
      analysisOf("age", {
        case: "measure",
        value: { value: 31, unit: "years", low: 25, high: 37, probabilities: years },
      }),
    ),
    gender: result("gender", guessOf("gender", ["female", 0.94], ["male", 0.06])),
    race: result("race", guessOf("race", ["East Asian", 0.55], ["Southeast Asian", 0.3], ["White", 0.15])),
    emotion: result("emotion", guessOf("emotion", ["happy", 0.71], ["neutral", 0.2], ["surprise", 0.09])),
    embed: result("embed", { case: "embed", value: { embedding: EMBEDDING } }),
    match: result("match", {
      case: "match",
      value: {
        galleryFaces: 76,
        verdict: "quite_alike",
        matches: PLAYED_MATCHES.map((match, at) => ({
          ...match,
          identityId: `identity-${at}`,
          faceId: `face-${at}`,
          name: `Composite ${at}`,
        })),
      },
    }),
  };
}
