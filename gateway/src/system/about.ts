import { readFile, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { FACES_MAX, PHOTO_PIXELS_MAX, isCoreStage, type AnnouncementJson } from "@similarfaces/contracts";
import type { About, ModelAbout } from "@similarfaces/contracts/api";
import { VERSION } from "@similarfaces/runtime";
import { BODY_BYTES_MAX } from "../requests/limits.js";
import type { InstalledStages } from "./installedStages.js";

/** `GET /v1/about`, without what depends on the caller. */
export type Installation = Omit<About, "galleryKey" | "scopes">;

export interface AboutOptions {
  modelsDir: string;
  jobTtlMs: number;
  jobDeadlineMs: number;
}

/**
 * Reads models and contracts from disk.
 * @returns what describes the installation at the moment of the call: analyzers come and go
 */
export async function readInstallation(
  { modelsDir, jobTtlMs, jobDeadlineMs }: AboutOptions,
  installed: InstalledStages,
): Promise<() => Installation> {
  const modelsOnDisk = await readModels(modelsDir);
  const contracts = await readContracts();
  return () => {
    const analyzers = installed.analyzers();
    return {
      version: VERSION,
      stages: installed.list(),
      analyzers,
      models: [...modelsOnDisk, ...modelsElsewhere(analyzers, modelsOnDisk)],
      retention: { jobTtlMs, jobDeadlineMs },
      limits: { bodyBytesMax: BODY_BYTES_MAX, pixelsMax: PHOTO_PIXELS_MAX, facesMax: FACES_MAX },
      contracts,
    };
  };
}

/** The contracts' folder, wherever it is installed. */
export function contractsFolder(): string {
  return dirname(createRequire(import.meta.url).resolve("@similarfaces/contracts/openapi.yaml"));
}

/** A gateway need not have the models beside it: on a cluster they are with the stages. */
async function readModels(modelsDir: string): Promise<ModelAbout[]> {
  const entries = await readdir(modelsDir, { recursive: true }).catch(() => []);
  const manifests = entries.filter((entry) => /^[^/\\]+[/\\][^/\\]+[/\\]manifest\.json$/.test(entry)).sort();
  return Promise.all(
    manifests.map(async (file) => {
      const [pack = "", name = ""] = file.split(/[/\\]/);
      const manifest = JSON.parse(await readFile(join(modelsDir, file), "utf8")) as ModelAbout;
      const { id, version, task, licence, source, notice, measured } = manifest;
      return { pack, name, id, version, task, licence, source, ...(notice ? { notice } : {}), measured };
    }),
  );
}

/** The models of announced analyzers that are not on this gateway's disk. */
function modelsElsewhere(
  analyzers: readonly AnnouncementJson[],
  onDisk: readonly ModelAbout[],
): ModelAbout[] {
  const isOnDisk = ({ name, model }: AnnouncementJson) =>
    onDisk.some((known) => known.name === name && known.id === model.id && known.version === model.version);
  return analyzers
    .filter((analyzer) => !isCoreStage(analyzer.name) && !isOnDisk(analyzer))
    .map(({ name, model: { notice, ...model } }) => ({
      ...model,
      name,
      task: "analyze",
      ...(notice ? { notice } : {}),
    }));
}

async function readContracts(): Promise<About["contracts"]> {
  const folder = join(contractsFolder(), "similarfaces/v2");
  const files = (await readdir(folder)).filter((file) => file.endsWith(".proto")).sort();
  return Promise.all(files.map(async (file) => ({ file, text: await readFile(join(folder, file), "utf8") })));
}
