import { stat } from "node:fs/promises";
import { PackError } from "@similarfaces/inference";
import type { Dataset } from "./dataset.js";
import { readBoxes } from "./layouts/boxes.js";
import { readFairFace } from "./layouts/fairFace.js";
import { readFolders } from "./layouts/folders.js";
import { readPairs } from "./layouts/pairs.js";
import { readUtkFace } from "./layouts/utkFace.js";

/** The first layout that fits reads the folder; models/README.md describes them. */
const LAYOUTS = [readPairs, readFairFace, readBoxes, readUtkFace, readFolders];

/** @throws PackError for a folder that is laid out in none of the known ways, or whose lists do not fit its pictures */
export async function readDataset(dir: string): Promise<Dataset> {
  const isFolder = await stat(dir).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new PackError(`${dir}: there is no such folder`);
  for (const read of LAYOUTS) {
    const dataset = await read(dir);
    if (dataset) return dataset;
  }
  throw new PackError(
    `${dir}: holds neither pairs.txt, fairface_label_*.csv, boxes.csv or truth.json, nor pictures in folders or with UTKFace's names`,
  );
}
