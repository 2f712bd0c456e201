import { ANALYZERS } from "@similarfaces/contracts";
import { chipsOf, decodePhoto, detectFaces, detectorOf, extractedOf, viewsOf } from "@similarfaces/extract";
import type { Inference } from "@similarfaces/inference";
import { CHIP_SIDE } from "@similarfaces/vision";

/** Every model that reads chips. */
const CHIP_TASKS = ["embed", ...ANALYZERS] as const;

/**
 * What no pipeline can be faster than: the same photo decoded, the same models run on the same faces, in the same workers,
 * with no broker, no HTTP, no storage and nobody to tell. @returns the number of faces
 */
export async function analyseBare(inference: Inference, photo: Uint8Array): Promise<number> {
  const views = viewsOf(await decodePhoto(photo));
  const found = await detectFaces(views, detectorOf(inference.model("detect")), {});
  const { faces } = extractedOf(views.photo, found, found.length);
  const chips = chipsOf(views, faces);
  const runs: Promise<unknown>[] = [];
  for (const { index } of faces) {
    const chip = await chips.chip(index);
    for (const task of CHIP_TASKS) {
      const picture = { pixels: new Uint8Array(chip), width: CHIP_SIDE, height: CHIP_SIDE };
      runs.push(inference.model(task).predict(picture, {}));
    }
  }
  await Promise.all(runs);
  return faces.length;
}
