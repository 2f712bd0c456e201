import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { PackError, type Task } from "@similarfaces/inference";
import { readBoxes } from "./layouts/boxes.js";
import { readFairFace } from "./layouts/fairFace.js";
import { readFolders } from "./layouts/folders.js";
import { readPairs } from "./layouts/pairs.js";
import { readUtkFace } from "./layouts/utkFace.js";

/** A folder of pictures with what is known of them. Paths are absolute. */
export type Dataset = PairsData | FacesData | BoxesData;

/** Two pictures each, of one person or of two. */
export interface PairsData {
  readonly kind: "pairs";
  readonly pairs: readonly { readonly first: string; readonly second: string; readonly same: boolean }[];
  /** The protocol's folds: pair i is in fold `foldOf(i)`. */
  readonly folds: number;
  foldOf(pair: number): number;
}

/** One picture of one face each. */
export interface FacesData {
  readonly kind: "faces";
  readonly photos: readonly FacePhoto[];
  /** Where the data's labels are coarser than a model's: its labels, and which of the model's each stands for. */
  readonly merged?: Partial<Record<Task, Readonly<Record<string, readonly string[]>>>>;
  /** First and last year of each of the data's age groups, where it knows no years. */
  readonly ageBins?: readonly (readonly [number, number])[];
}

export interface FacePhoto {
  readonly file: string;
  /** Years, or the index of an age group where the data has those. */
  readonly age?: number;
  /** By task, in the data's words. */
  readonly labels: Partial<Record<Task, string>>;
  /** Of the folder layout: whatever the folder is called. */
  readonly folder?: string;
  /** What accuracy is told for separately: `{ race: "Indian", gender: "female" }`. */
  readonly groups: Readonly<Record<string, string>>;
}

/** Pictures of scenes with every face in them. */
export interface BoxesData {
  readonly kind: "boxes";
  readonly photos: readonly { readonly file: string; readonly faces: readonly TrueBox[] }[];
  readonly matching: "overlap" | "centre";
}

/** Pixels of the upright photo. Without a height only place and size are compared. */
export interface TrueBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

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

const PICTURE = /\.(jpe?g|png|webp|tiff?|avif|gif)$/i;

/** Every picture under a folder, in the order of their paths. */
export async function picturesUnder(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => (entry.isFile() || entry.isSymbolicLink()) && PICTURE.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}
