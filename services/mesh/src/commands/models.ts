import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  listPack,
  listPacks,
  precisionSetting,
  pullModel,
  refusalOfVariant,
  verifyModel,
  type PackEntry,
  type PrecisionChoice,
} from "@similarfaces/inference";
import { ConfigError } from "@similarfaces/runtime/settings";
import { ProgressBar } from "../terminal/progressBar.js";
import { table } from "../terminal/table.js";
import { benchModels } from "./benchModels.js";
import { evaluateModels } from "./evaluateModels.js";
import { fromHere, packFromHere } from "./paths.js";

const USAGE = `npm run models -- list | verify [pack...] | pull <pack> [--from DIR] | eval <pack> --data DIR | bench [pack...]

  list     every variant of every model of every pack: size, licence, whether its file is there
  verify   digests, inputs and outputs against the manifests, and one run of each graph
  pull     fetches a pack's files by https or by npm, keeps only what matches its digest; https goes on where it was cut off
           --from DIR       take the files from a local folder, or the npm package that lies there
  eval     measures a pack on a folder of pictures, by the pipeline's own way, and writes JSON and Markdown; models/README.md
           describes the layouts: LFW pairs, label/file.jpg, UTKFace names, FairFace csv, boxes
           --data DIR       the folder
           --name TEXT      what the results call it (default: the folder's name)
           --detector PACK  whose detector finds the faces (default: the pack's own, else compact)
           --precision P    int8 or float32, or per model (auto,embed=float32); without it as the pipeline chooses
           --out PATH       where the results go, without ending (default: .data/eval/<pack>-<folder>)
  bench    milliseconds of each variant on one core of this machine, and of all of a pack's models for one face
           --runs N         runs of each (default 25)

  pack        a name in the folder of packs, or a path with a slash; the folder of a single model is a pack of that one
  --dir DIR   the folder of packs (default: models)`;

type Options = { from?: string | undefined; runs: number };

/** `npm run models`. @returns the exit code: 1 if anything is not as it should be, 2 for a call that makes no sense */
export async function models(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      dir: {
        type: "string",
        default: fileURLToPath(new URL("../../../../models", import.meta.url)),
      },
      from: { type: "string" },
      runs: { type: "string", default: "25" },
      data: { type: "string" },
      name: { type: "string" },
      detector: { type: "string" },
      precision: { type: "string" },
      out: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [verb = "", ...named] = positionals;
  const packs = named.map(packFromHere);
  const runs = Number(values.runs);
  const action = ACTIONS[verb];
  const dir = fromHere(values.dir);
  const [data, from, out] = [values.data, values.from, values.out].map((path) => path && fromHere(path));
  const onePack = verb === "pull" || verb === "eval";
  const known = action !== undefined || (verb === "eval" && data !== undefined);
  if (values.help || !known || !Number.isInteger(runs) || runs < 1 || (onePack && packs.length !== 1)) {
    process.stderr.write(`${USAGE}\n`);
    return values.help ? 0 : 2;
  }
  try {
    if (!action) {
      const { name } = values;
      const precision = precisionIn(values.precision);
      return await evaluateModels({
        modelsDir: dir,
        pack: packs[0]!,
        data: data!,
        name,
        detector: values.detector && packFromHere(values.detector),
        precision,
        out,
      });
    }
    const entries =
      packs.length === 0
        ? await listPacks(dir)
        : (await Promise.all(packs.map((pack) => listPack(dir, pack)))).flat();
    return await action(entries, { from, runs });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

function precisionIn(value: string | undefined): PrecisionChoice {
  try {
    return precisionSetting.read(value);
  } catch (error) {
    throw new ConfigError([`--precision ${error instanceof Error ? error.message : String(error)}`]);
  }
}

type Action = (entries: readonly PackEntry[], options: Options) => Promise<number>;

const ACTIONS: Readonly<Record<string, Action>> = { list, verify, pull, bench };

async function list(entries: readonly PackEntry[]): Promise<number> {
  table(
    ["model", "version", "precision", "size", "licence", "file"],
    entries.map(({ pack, name, manifest, variant, problem, present }) =>
      manifest && variant
        ? [
            `${pack}/${name}`,
            manifest.version,
            variant.precision,
            megabytes(variant.bytes),
            manifest.licence,
            present ? "here" : variant.url ? `to be pulled: npm run models -- pull ${pack}` : "missing",
          ]
        : [`${pack}/${name}`, "", "", "", "", problem ?? ""],
    ),
  );
  return entries.some(({ problem }) => problem !== undefined) ? 1 : 0;
}

async function verify(entries: readonly PackEntry[]): Promise<number> {
  let problems = 0;
  for (const entry of entries) {
    const { manifest, variant } = entry;
    if (!entry.present && variant?.url) {
      console.log(`${titleOf(entry)}: not pulled`);
      continue;
    }
    const refusal = manifest && variant && refusalOfVariant(manifest, variant);
    const { problem, loadSeconds } = await verifyModel(entry);
    if (problem !== undefined) problems++;
    const ready = `as its manifest says, ready in ${loadSeconds?.toFixed(2)} s`;
    console.log(
      `${titleOf(entry)}: ${problem ?? ready}${refusal ? `; not for this processor: ${refusal}` : ""}`,
    );
  }
  return problems > 0 ? 1 : 0;
}

async function pull(entries: readonly PackEntry[], { from }: Options): Promise<number> {
  for (const entry of entries) {
    const { variant } = entry;
    const title = titleOf(entry);
    const bar = new ProgressBar(`kB of ${title}`, Math.ceil((variant?.bytes ?? 0) / 1_000));
    let shown = 0;
    try {
      const outcome = await pullModel(entry, {
        from,
        onProgress(bytes) {
          bar.advance(Math.ceil(bytes / 1_000) - shown);
          shown = Math.ceil(bytes / 1_000);
        },
      });
      bar.above(
        `${title}: ${outcome === "present" ? "was here already" : "here"}, SHA-256 as in the manifest`,
      );
    } finally {
      bar.end();
    }
  }
  return 0;
}

function bench(entries: readonly PackEntry[], { runs }: Options): Promise<number> {
  return benchModels(entries, runs);
}

function titleOf({ pack, name, variant }: PackEntry): string {
  return `${pack}/${name}${variant ? ` (${variant.precision})` : ""}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
