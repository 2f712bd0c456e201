import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { loadManifest, PackError, TASKS, type Manifest, type Task } from "../manifest.js";

/** One model of a pack as it lies there; `problem` is the sentence of a manifest that is refused. */
export interface PackEntry {
  readonly pack: string;
  readonly task: Task;
  readonly manifest?: Manifest;
  readonly problem?: string;
  /** Whether the graph's file is there; its digest is not looked at. */
  readonly present: boolean;
}

/** Every model under `modelsDir`, packs in the order of their names, tasks in that of the pipeline. */
export async function listPacks(modelsDir: string): Promise<PackEntry[]> {
  const folders = await readdir(modelsDir, { withFileTypes: true });
  const packs = folders.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const entries = await Promise.all(packs.toSorted().map((pack) => entriesOf(modelsDir, pack)));
  return entries.flat();
}

/** @throws PackError if there is no such pack */
export async function listPack(modelsDir: string, pack: string): Promise<PackEntry[]> {
  const entries = await entriesOf(modelsDir, pack);
  if (entries.length === 0) {
    const known = new Set((await listPacks(modelsDir)).map(({ pack }) => pack));
    throw new PackError(`there is no pack "${pack}" in ${modelsDir}; there are ${[...known].join(", ")}`);
  }
  return entries;
}

async function entriesOf(modelsDir: string, pack: string): Promise<PackEntry[]> {
  const entries: PackEntry[] = [];
  for (const task of TASKS) {
    const folder = join(modelsDir, pack, task);
    if (!(await exists(join(folder, "manifest.json")))) continue;
    try {
      const manifest = await loadManifest(modelsDir, pack, task);
      entries.push({ pack, task, manifest, present: await exists(join(folder, manifest.file)) });
    } catch (error) {
      if (!(error instanceof PackError)) throw error;
      entries.push({ pack, task, problem: error.message, present: false });
    }
  }
  return entries;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
