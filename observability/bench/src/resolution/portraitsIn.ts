import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { decodePhoto, viewsOf, type Finder } from "@similarfaces/extract";
import type { Portrait } from "./facesPhoto.js";

/** Every picture of a folder in which a face is found, with the largest of them. */
export async function portraitsIn(folder: string, finder: Finder): Promise<Portrait[]> {
  const portraits: Portrait[] = [];
  for (const name of (await readdir(folder)).filter((name) => name.endsWith(".jpg")).toSorted()) {
    const picture = await decodePhoto(await readFile(join(folder, name)));
    const [face] = await finder.find(viewsOf(picture));
    if (face) portraits.push({ picture, face });
  }
  return portraits;
}
