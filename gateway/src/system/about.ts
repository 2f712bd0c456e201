import { readFile, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { FACES_MAX, PHOTO_PIXELS_MAX, type StageName } from "@similarfaces/contracts";
import type { About, ModelAbout } from "@similarfaces/contracts/api";
import { VERSION } from "@similarfaces/runtime";
import { BODY_BYTES_MAX } from "../requests/limits.js";

/** What `GET /v1/about` says to everybody alike. */
export type Installation = Omit<About, "galleryKey" | "scopes">;

export interface AboutOptions {
  modelsDir: string;
  stages: readonly StageName[];
  jobTtlMs: number;
  jobDeadlineMs: number;
}

export async function describeInstallation(options: AboutOptions): Promise<Installation> {
  const { modelsDir, stages, jobTtlMs, jobDeadlineMs } = options;
  return {
    version: VERSION,
    stages: [...stages],
    models: await readModels(modelsDir),
    retention: { jobTtlMs, jobDeadlineMs },
    limits: { bodyBytesMax: BODY_BYTES_MAX, pixelsMax: PHOTO_PIXELS_MAX, facesMax: FACES_MAX },
    contracts: await readContracts(),
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
      const manifest = JSON.parse(await readFile(join(modelsDir, file), "utf8")) as ModelAbout;
      const { id, version, task, licence, source, labels, notice, measured } = manifest;
      const pack = file.split(/[/\\]/)[0]!;
      return {
        pack,
        id,
        version,
        task,
        licence,
        source,
        ...(labels ? { labels } : {}),
        ...(notice ? { notice } : {}),
        measured,
      };
    }),
  );
}

async function readContracts(): Promise<About["contracts"]> {
  const folder = join(contractsFolder(), "similarfaces/v1");
  const files = (await readdir(folder)).filter((file) => file.endsWith(".proto")).sort();
  return Promise.all(files.map(async (file) => ({ file, text: await readFile(join(folder, file), "utf8") })));
}
