import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { foldersOf, packFolder } from "../packs/findModels.js";
import { loadManifest } from "../packs/loadModel.js";
import { CORE_MODELS } from "@similarfaces/contracts/stages";
import { PackError, isAnalyzer, type Manifest, type Variant } from "../packs/manifest.js";

/** A variant of a model of a pack as it lies there; `problem` is the sentence of a manifest that is refused. */
export interface PackEntry {
  readonly pack: string;
  /** Of the folder: `detect`, `embed` or the analyzer's. */
  readonly name: string;
  readonly folder: string;
  readonly manifest?: Manifest;
  readonly variant?: Variant;
  readonly problem?: string;
  /** Whether the graph's file is there; its digest is not verified. */
  readonly present: boolean;
}

/** Every model under `modelsDir`, packs in the order of their names, models in that of the pipeline. */
export async function listPacks(modelsDir: string): Promise<PackEntry[]> {
  const folders = await readdir(modelsDir, { withFileTypes: true });
  const packs = folders.filter((entry) => entry.isDirectory()).map(({ name }) => join(modelsDir, name));
  return (await Promise.all(packs.toSorted().map(entriesOf))).flat();
}

/** A pack by name, or by a path with a slash; a folder with a manifest of its own is one model. @throws PackError if there is no such pack */
export async function listPack(modelsDir: string, pack: string): Promise<PackEntry[]> {
  const folder = packFolder(modelsDir, pack);
  if (existsSync(join(folder, "manifest.json"))) return entriesOfModel(basename(dirname(folder)), folder);
  const entries = await entriesOf(folder);
  if (entries.length === 0) {
    const known = new Set((await listPacks(modelsDir)).map((entry) => entry.pack));
    throw new PackError(`there is no pack "${pack}" in ${modelsDir}; there are ${[...known].join(", ")}`);
  }
  return entries;
}

async function entriesOf(pack: string): Promise<PackEntry[]> {
  const folders = await foldersOf(pack);
  const entries = (await Promise.all(folders.map((folder) => entriesOfModel(basename(pack), folder)))).flat();
  return entries.sort((a, b) => placeOf(a) - placeOf(b) || (a.name < b.name ? -1 : 1));
}

async function entriesOfModel(pack: string, folder: string): Promise<PackEntry[]> {
  const name = basename(folder);
  try {
    const manifest = await loadManifest(folder);
    return manifest.variants.map((variant) => {
      const present = existsSync(join(folder, variant.file));
      return { pack, name, folder, manifest, variant, present };
    });
  } catch (error) {
    if (!(error instanceof PackError)) throw error;
    return [{ pack, name, folder, problem: error.message, present: false }];
  }
}

/** Detector, embedder, analyzers by their order; what is refused comes last. */
function placeOf({ manifest, name }: PackEntry): number {
  const place = CORE_MODELS.findIndex((model) => model === name);
  if (place >= 0) return place - CORE_MODELS.length;
  return manifest && isAnalyzer(manifest) ? manifest.order : Infinity;
}
