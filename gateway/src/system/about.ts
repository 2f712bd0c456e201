import { readFile, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { FACES_MAX, PHOTO_PIXELS_MAX, isCoreModel, type AnnouncementJson } from "@similarfaces/contracts";
import type { About, ModelAbout, ModelVariant } from "@similarfaces/contracts/api";
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
 * @returns what describes the installation at the moment of the call: models come and go
 */
export async function readInstallation(
  { modelsDir, jobTtlMs, jobDeadlineMs }: AboutOptions,
  installed: InstalledStages,
): Promise<() => Installation> {
  const modelsOnDisk = await readModels(modelsDir);
  const contracts = await readContracts();
  return () => ({
    version: VERSION,
    stages: installed.list(),
    analyzers: installed.analyzers(),
    models: modelsOf(modelsOnDisk, installed.models()),
    retention: { jobTtlMs, jobDeadlineMs },
    limits: { bodyBytesMax: BODY_BYTES_MAX, pixelsMax: PHOTO_PIXELS_MAX, facesMax: FACES_MAX },
    contracts,
  });
}

/** The contracts' folder, wherever it is installed. */
export function contractsFolder(): string {
  return dirname(createRequire(import.meta.url).resolve("@similarfaces/contracts/openapi.yaml"));
}

/** The part of a manifest that people ask about (models/manifest.schema.json). */
type ManifestAbout = Omit<ModelAbout, "pack" | "name" | "measured" | "variants"> & {
  variants: (ModelVariant & Record<string, unknown>)[];
};

/** A gateway need not have the models beside it: on a cluster they are with the stages. */
async function readModels(modelsDir: string): Promise<ModelAbout[]> {
  const entries = await readdir(modelsDir, { recursive: true }).catch(() => []);
  const manifests = entries.filter((entry) => /^[^/\\]+[/\\][^/\\]+[/\\]manifest\.json$/.test(entry)).sort();
  return Promise.all(
    manifests.map(async (file) => {
      const [pack = "", name = ""] = file.split(/[/\\]/);
      const manifest = JSON.parse(await readFile(join(modelsDir, file), "utf8")) as ManifestAbout;
      const { id, version, task, licence, source, notice, figure } = manifest;
      const variants = manifest.variants.map(variantOf);
      const { measured } = variants[0]!;
      return {
        pack,
        name,
        id,
        version,
        task,
        licence,
        source,
        ...(notice ? { notice } : {}),
        ...(figure ? { figure } : {}),
        measured,
        variants,
      };
    }),
  );
}

/** Without where its file is from. */
function variantOf({ precision, bytes, figure, measured }: ModelVariant): ModelVariant {
  return {
    precision,
    ...(bytes === undefined ? {} : { bytes }),
    ...(figure === undefined ? {} : { figure }),
    measured,
  };
}

/** The models on disk, each with the variant that is announced, and those that are announced and not on this gateway's disk. */
function modelsOf(onDisk: readonly ModelAbout[], announced: readonly AnnouncementJson[]): ModelAbout[] {
  const isOf = ({ name, model }: AnnouncementJson, { name: folder, id, version }: ModelAbout) =>
    folder === name && id === model.id && version === model.version;
  return [
    ...onDisk.map((known) => {
      const running = announced.find((each) => isOf(each, known));
      return running?.model.precision ? withRunning(known, running) : known;
    }),
    ...announced.filter((each) => !onDisk.some((known) => isOf(each, known))).map(modelElsewhere),
  ];
}

function withRunning(known: ModelAbout, { model: { precision, measured } }: AnnouncementJson): ModelAbout {
  return { ...known, precision, measured };
}

function modelElsewhere({ name, model }: AnnouncementJson): ModelAbout {
  const { notice, precision, measured, ...card } = model;
  return {
    ...card,
    name,
    task: isCoreModel(name) ? name : "analyze",
    ...(notice ? { notice } : {}),
    ...(precision ? { precision } : {}),
    measured,
    variants: [{ precision, measured }],
  };
}

async function readContracts(): Promise<About["contracts"]> {
  const folder = join(contractsFolder(), "similarfaces/v2");
  const files = (await readdir(folder)).filter((file) => file.endsWith(".proto")).sort();
  return Promise.all(files.map(async (file) => ({ file, text: await readFile(join(folder, file), "utf8") })));
}
