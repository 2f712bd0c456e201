import { readdir } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { existsSync } from "node:fs";
import { loadManifest } from "./loadModel.js";
import { chooseVariant } from "./chooseVariant.js";
import { isCoreModel } from "@similarfaces/contracts/stages";
import { PackError, isAnalyzer, type AnalyzerManifest, type Manifest, type Variant } from "./manifest.js";
import type { PrecisionChoice } from "./precision.js";

/** Which packs are in use, and which variants. A pack is the name of a folder in `modelsDir`, or a path with a slash. */
export interface PackChoice {
  /** The folder of packs, usually the repository's `models`. */
  modelsDir: string;
  /** The pack of every model that `packs` does not name. */
  pack: string;
  /** Packs of single models by name, for instance `{ detect: "yunet" }`. */
  packs?: Readonly<Record<string, string>>;
  /** Packs whose analyzers are served beside those of the pack in use; a folder with a manifest of its own is one analyzer. */
  analyzerPacks?: readonly string[];
  /** Without it, `auto`. */
  precision?: PrecisionChoice | undefined;
}

export interface FoundModel {
  /** One of CORE_MODELS, or the analyzer's: the folder's name. */
  name: string;
  pack: string;
  folder: string;
  manifest: Manifest;
  /** The one that runs here. */
  variant: Variant;
}

export interface FoundAnalyzer extends FoundModel {
  manifest: AnalyzerManifest;
}

/**
 * The analyzers of the packs in use that are served where none is named, by order, then name: without those that another of them replaces.
 * @throws as allAnalyzers
 */
export async function findAnalyzers(choice: PackChoice): Promise<FoundAnalyzer[]> {
  const all = await allAnalyzers(choice);
  const replaced = new Set(all.flatMap(({ manifest }) => manifest.replaces ?? []));
  return all.filter(({ name }) => !replaced.has(name));
}

/**
 * The analyzers of the packs in use, by order, then name.
 * @throws PackError for a pack that is none, a manifest that is refused, a reserved name, and two of one name
 */
async function allAnalyzers(choice: PackChoice): Promise<FoundAnalyzer[]> {
  const { modelsDir, pack, packs = {}, analyzerPacks = [], precision } = choice;
  const chosen = Object.entries(packs).filter(([name]) => !isCoreModel(name));
  const folders = [
    ...(await foldersOf(packFolder(modelsDir, pack))).filter((folder) => !(basename(folder) in packs)),
    ...chosen.map(([name, other]) => join(packFolder(modelsDir, other), name)),
    ...(await Promise.all(analyzerPacks.map((beside) => foldersBeside(modelsDir, beside)))).flat(),
  ];
  const found = (await Promise.all(folders.map((folder) => readFolder(folder, precision)))).filter(
    isFoundAnalyzer,
  );
  for (const [index, { name, folder }] of found.entries()) {
    const other = found.slice(0, index).find((before) => before.name === name);
    if (other?.folder === folder) throw new PackError(`${folder}: is in use already, and is named once more`);
    if (other) throw new PackError(`${folder}: there is an analyzer "${name}" already, in ${other.folder}`);
  }
  return found.sort((a, b) => a.manifest.order - b.manifest.order || (a.name < b.name ? -1 : 1));
}

/** The models of these names in the packs in use. @throws PackError for one that there is not */
export async function findModels(choice: PackChoice, names: readonly string[]): Promise<FoundModel[]> {
  const { modelsDir, pack, packs = {}, precision } = choice;
  const analyzers = names.every(isCoreModel) ? [] : await allAnalyzers(choice);
  return Promise.all(
    names.map((name) =>
      isCoreModel(name)
        ? readFolder(join(packFolder(modelsDir, packs[name] ?? pack), name), precision)
        : named(analyzers, name),
    ),
  );
}

/** @throws PackError where there is none */
export async function findModel(choice: PackChoice, name: string): Promise<FoundModel> {
  const [found] = await findModels(choice, [name]);
  return found!;
}

/** @throws PackError where there is none of that name */
export async function findAnalyzer(choice: PackChoice, name: string): Promise<FoundAnalyzer> {
  return named(await allAnalyzers(choice), name);
}

function named(analyzers: readonly FoundAnalyzer[], name: string): FoundAnalyzer {
  const analyzer = analyzers.find((found) => found.name === name);
  if (analyzer) return analyzer;
  const known = analyzers.map((found) => found.name).join(", ") || "none";
  throw new PackError(`there is no analyzer "${name}" in the packs in use; there are ${known}`);
}

/** The folder of a pack, by its name or path. @throws PackError for an invalid name */
export function packFolder(modelsDir: string, pack: string): string {
  if (/[/\\]/.test(pack) || isAbsolute(pack)) return resolve(pack);
  if (!/^[a-z0-9][a-z0-9-]*$/.test(pack)) throw new PackError(`"${pack}" is no name of a pack`);
  return join(modelsDir, pack);
}

/** The folders of a pack that hold a model; none where there is no such pack. */
export async function foldersOf(pack: string): Promise<string[]> {
  const entries = await readdir(pack, { withFileTypes: true }).catch(() => []);
  return entries
    .map(({ name }) => join(pack, name))
    .filter((folder) => existsSync(join(folder, "manifest.json")))
    .toSorted();
}

async function foldersBeside(modelsDir: string, pack: string): Promise<string[]> {
  const folder = packFolder(modelsDir, pack);
  if (!existsSync(folder)) throw new PackError(`${folder}: there is no such folder (ANALYZER_PACKS)`);
  const folders = existsSync(join(folder, "manifest.json")) ? [folder] : await foldersOf(folder);
  const found = (await Promise.all(folders.map((each) => readFolder(each)))).filter(isFoundAnalyzer);
  if (found.length === 0) throw new PackError(`${folder}: there is no analyzer in it, and it was asked for`);
  return found.map((analyzer) => analyzer.folder);
}

async function readFolder(folder: string, precision?: PrecisionChoice): Promise<FoundModel> {
  const name = basename(folder);
  const manifest = await loadManifest(folder);
  const variant = chooseVariant(name, manifest, precision);
  return { name, pack: basename(dirname(folder)), folder, manifest, variant };
}

function isFoundAnalyzer(found: FoundModel): found is FoundAnalyzer {
  return isAnalyzer(found.manifest);
}
