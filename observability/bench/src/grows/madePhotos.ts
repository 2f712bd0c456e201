import { join } from "node:path";
import { encodeJpeg, finderOf } from "@similarfaces/extract";
import { openInference } from "@similarfaces/inference";
import { seededRandom } from "@similarfaces/load";
import type { Size } from "@similarfaces/vision";
import { facesPhoto, type Portrait } from "../resolution/facesPhoto.js";
import { portraitsIn } from "../resolution/portraitsIn.js";

export interface PhotoRecipe {
  size: Size;
  /** So many places have a face; which of them are found, the mesh says. */
  faces: number;
}

/** Pixels: large enough to be found in every photo, small enough for 64 of them in 3 megapixels. */
const FACE_SIZE = 60;
/** The ground's grain takes bytes: 48 megapixels stay below what the gateway accepts. */
const QUALITY = 70;

/** Photos made of the sample portraits, by the recipe of the bench of resolutions: the same at every run. */
export async function madePhotos(
  modelsDir: string,
  recipes: readonly PhotoRecipe[],
): Promise<Uint8Array<ArrayBuffer>[]> {
  const portraits = await portraitsOf(modelsDir);
  const photos: Uint8Array<ArrayBuffer>[] = [];
  for (const { size, faces: wanted } of recipes) {
    const random = seededRandom(wanted * 1_000_003 + size.width);
    const { photo } = await facesPhoto(size, FACE_SIZE, { portraits, wanted, random });
    photos.push(new Uint8Array(await encodeJpeg(photo, QUALITY)));
  }
  return photos;
}

async function portraitsOf(modelsDir: string): Promise<Portrait[]> {
  const inference = await openInference({
    modelsDir,
    models: ["detect", "refine"],
    pack: "compact",
    workers: 1,
  });
  try {
    return await portraitsIn(join(modelsDir, "samples", "gallery"), finderOf(inference));
  } finally {
    await inference.close();
  }
}
