import { join } from "node:path";
import { finderOf, viewsOf } from "@similarfaces/extract";
import { openInference } from "@similarfaces/inference";
import type { Size } from "@similarfaces/vision";
import { seededRandom } from "@similarfaces/load";
import { facesPhoto } from "./facesPhoto.js";
import { judgeFaces, type Judged } from "./judgeFaces.js";
import { portraitsIn } from "./portraitsIn.js";

/** 4:3, from 0.3 to 48 megapixels. */
export const PHOTOS: readonly Size[] = [
  { width: 640, height: 480 },
  { width: 1_280, height: 960 },
  { width: 2_048, height: 1_536 },
  { width: 2_592, height: 1_944 },
  { width: 4_000, height: 3_000 },
  { width: 5_656, height: 4_242 },
  { width: 8_000, height: 6_000 },
];
/** Pixels of the photo. */
const FACES = [12, 20, 30, 40, 60, 100, 160, 300];
/** Of each size in photos of each, where so many fit into this many photos. */
const FACES_WANTED = 60;
const PHOTOS_MAX = 10;

export interface ResolutionRow extends Judged {
  megapixels: number;
  faceSize: number;
  photos: number;
  /** Of finding the faces of one photo, the least of all photos. */
  msMin: number;
}

export interface ResolutionOptions {
  modelsDir: string;
  seed: number;
  onRow(row: ResolutionRow): void;
}

/**
 * Faces of every size in photos of every size, made from the sample portraits by a recipe: which of them the finder finds, which it reports
 * twice, and what else it takes for one.
 */
export async function benchResolution({
  modelsDir,
  seed,
  onRow,
}: ResolutionOptions): Promise<ResolutionRow[]> {
  const models = ["detect", "refine"];
  const inference = await openInference({ modelsDir, models, pack: "compact", workers: 2 });
  try {
    const finder = finderOf(inference);
    const portraits = await portraitsIn(join(modelsDir, "samples", "gallery"), finder);
    const rows: ResolutionRow[] = [];
    for (const size of PHOTOS) {
      for (const faceSize of FACES) {
        const random = seededRandom(seed * 1_000_003 + size.width * 1_009 + faceSize);
        const judged: Judged[] = [];
        let [faces, msMin] = [0, Infinity];
        while (faces < FACES_WANTED && judged.length < PHOTOS_MAX) {
          const wanted = FACES_WANTED - faces;
          const { photo, truth } = await facesPhoto(size, faceSize, { portraits, wanted, random });
          const startedAt = performance.now();
          const found = await finder.find(viewsOf(photo));
          msMin = Math.min(msMin, performance.now() - startedAt);
          judged.push(judgeFaces(truth, found));
          faces += truth.length;
        }
        const row = {
          megapixels: Math.round((size.width * size.height) / 1e5) / 10,
          faceSize,
          photos: judged.length,
          msMin: Math.round(msMin),
          ...summed(judged),
        };
        rows.push(row);
        onRow(row);
      }
    }
    return rows;
  } finally {
    await inference.close();
  }
}

const summed = (all: readonly Judged[]): Judged =>
  all.reduce((sum, { faces, found, doubled, others }) => ({
    faces: sum.faces + faces,
    found: sum.found + found,
    doubled: sum.doubled + doubled,
    others: sum.others + others,
  }));

/** A line of the table. */
export function describeRow({
  megapixels,
  faceSize,
  photos,
  faces,
  found,
  doubled,
  others,
  msMin,
}: ResolutionRow): string {
  const recall = (found / faces).toFixed(3);
  return `| ${[megapixels, faceSize, photos, faces, recall, doubled, others, msMin].join(" | ")} |`;
}

export const RESOLUTION_HEAD = `| megapixels | size of the faces, px | photos | faces | found | twice | others | ms, least |
|---|---|---|---|---|---|---|---|`;
