import { setImmediate } from "node:timers/promises";
import {
  CROP_SIDE,
  modelFailed,
  type Inference,
  type Model,
  type PredictOptions,
} from "@similarfaces/inference";
import {
  firstSquare,
  invertSimilarity,
  isOfBox,
  landmarksToImage,
  samplingOf,
  secondSquare,
  similarityToCrop,
  transformPoint,
  type Detection,
  type Landmarks,
  type Picture,
  type Point,
  type Square,
} from "@similarfaces/vision";
import { cutSquare } from "./cutSquare.js";
import type { Proposal } from "./propose.js";

/** Crops that the model is given at once, so that another photo's frame or chip waits for a few milliseconds at most. */
const CROPS_AT_ONCE = 8;
const CROP_BYTES = CROP_SIDE * CROP_SIDE * 3;

/** What one look says of a crop: the score, and the five points in pixels of the picture. */
interface Look {
  readonly score: number;
  readonly landmarks: Landmarks<"view">;
}

/** The small net that looks at each proposal twice. */
export interface SecondLook {
  /** As in results. */
  readonly name: string;
  /** A face is one from this mean of the detector's and the look's score on, by the manifest. */
  readonly scoreMin: number;
  /** Those proposals that are faces, with that mean and with the points as the look has them. */
  facesOf(
    proposals: readonly Proposal[],
    scoreMin: number,
    options: PredictOptions,
  ): Promise<Detection<"image">[]>;
}

/** @throws Error at once if the manifest lacks the threshold */
export function secondLookOf(inference: Inference): SecondLook {
  const model = inference.model("refine");
  const scoreMin = model.manifest.thresholds?.score;
  if (scoreMin === undefined) throw new Error(`the manifest of ${model.name} needs thresholds.score`);
  return {
    name: model.name,
    scoreMin,
    async facesOf(proposals, wanted, options) {
      const { workers } = inference.load();
      const waiting = chunksOf(proposals, Math.min(CROPS_AT_ONCE, Math.ceil(proposals.length / workers)));
      const faces: Detection<"image">[] = [];
      // One more than there are workers: its crops are cut while the others are looked at. What is not begun is in no queue, so another
      // photo waits for these few chunks and not for a crowd's.
      const lanes = Array.from({ length: workers + 1 }, async () => {
        for (let chunk = waiting.shift(); chunk; chunk = waiting.shift()) {
          faces.push(...(await lookTwice(model, chunk, wanted, options)));
          await setImmediate();
        }
      });
      // Where one fails the photo does: what no lane has begun is not looked at.
      await Promise.all(lanes).finally(() => waiting.splice(0));
      return faces;
    },
  };
}

function chunksOf<T>(all: readonly T[], length: number): T[][] {
  const count = length > 0 ? Math.ceil(all.length / length) : 0;
  return Array.from({ length: count }, (_, i) => all.slice(i * length, (i + 1) * length));
}

/**
 * The first look at the square of the box, turned as the detector's eyes are; the second at the square of the first look's points, upright.
 * What cannot become a face whatever the second look says is not looked at again.
 */
async function lookTwice(
  model: Model,
  proposals: readonly Proposal[],
  scoreMin: number,
  options: PredictOptions,
): Promise<Detection<"image">[]> {
  const pictures = proposals.map(({ picture }) => picture);
  const squares = proposals.map(({ found }) => firstSquare(found.box, found.landmarks));
  const firsts = await look(model, pictures, squares, options);
  const open = proposals.flatMap((proposal, i) => {
    const first = firsts[i]!;
    if (faceScore(proposal, first.score, 1) < scoreMin) return [];
    return [{ proposal, first, ...secondSquare(proposal.found.box, first.landmarks) }];
  });
  const seconds = await look(
    model,
    open.map(({ proposal }) => proposal.picture),
    open.map(({ square }) => square),
    options,
  );
  return open.flatMap(({ proposal, first, isLikely }, i) => {
    const second = seconds[i]!;
    const { landmarks } = isLikely ? second : first;
    const score = faceScore(proposal, first.score, second.score);
    if (score < scoreMin || !isOfBox(proposal.found.box, landmarks)) return [];
    return [{ score, box: proposal.box, landmarks: landmarksToImage(proposal.frame, landmarks) }];
  });
}

/** The mean of the detector's score and the look's, which is the mean of both looks'. */
function faceScore({ score }: Proposal, first: number, second: number): number {
  return (score + (first + second) / 2) / 2;
}

async function look(
  model: Model,
  pictures: readonly Picture[],
  squares: readonly Square<"view">[],
  options: PredictOptions,
): Promise<Look[]> {
  if (squares.length === 0) return [];
  const toCrops = squares.map((square) => similarityToCrop(square, CROP_SIDE));
  const pixels = new Uint8Array(squares.length * CROP_BYTES);
  await Promise.all(
    toCrops.map((toCrop, i) => {
      const crop = pixels.subarray(i * CROP_BYTES, (i + 1) * CROP_BYTES);
      return cutSquare(pictures[i]!, samplingOf(toCrop), CROP_SIDE, crop);
    }),
  );
  const crops = { pixels, width: CROP_SIDE, height: CROP_SIDE, count: squares.length };
  const { outputs } = await model.predict(crops, options);
  const { score, points } = outputs;
  if (score?.data.length !== squares.length || points?.data.length !== squares.length * 10) {
    throw modelFailed(`${model.name} answered without a score and five points for each crop`);
  }
  return toCrops.map((toCrop, i) => {
    const back = invertSimilarity(toCrop);
    const point = (k: number): Point<"view"> => {
      const at = i * 10 + 2 * k;
      return transformPoint(back, { x: points.data[at]! * CROP_SIDE, y: points.data[at + 1]! * CROP_SIDE });
    };
    return {
      score: score.data[i]!,
      landmarks: {
        leftEye: point(0),
        rightEye: point(1),
        nose: point(2),
        leftMouth: point(3),
        rightMouth: point(4),
      },
    };
  });
}
