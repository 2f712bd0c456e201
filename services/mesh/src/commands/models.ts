import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  PackError,
  benchChain,
  benchModel,
  listPack,
  listPacks,
  pullModel,
  verifyModel,
  type PackEntry,
} from "@similarfaces/inference";
import { ProgressBar } from "../terminal/progressBar.js";
import { evaluateModels } from "./evaluateModels.js";

const USAGE = `npm run models -- list | verify [pack...] | pull <pack> [--from DIR] | eval <pack> --data DIR | bench [pack...]

  list     every model of every pack: size, licence, whether its file is there
  verify   digests, inputs and outputs against the manifests, and one run of each graph
  pull     fetches a pack's files, goes on where it was cut off, keeps only what matches its digest
           --from DIR       take the files from a local folder
  eval     measures a pack on a folder of pictures, by the pipeline's own way, and writes JSON and Markdown; models/README.md
           describes the layouts: LFW pairs, label/file.jpg, UTKFace names, FairFace csv, boxes
           --data DIR       the folder
           --name TEXT      what the results call it (default: the folder's name)
           --detector PACK  whose detector finds the faces (default: the pack's own, else compact)
           --out PATH       where the results go, without ending (default: .data/eval/<pack>-<folder>)
  bench    milliseconds of each model on one core of this machine
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
      out: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [verb = "", ...packs] = positionals;
  const runs = Number(values.runs);
  const action = ACTIONS[verb];
  const { data, dir } = values;
  const onePack = verb === "pull" || verb === "eval";
  const known = action !== undefined || (verb === "eval" && data !== undefined);
  if (values.help || !known || !Number.isInteger(runs) || runs < 1 || (onePack && packs.length !== 1)) {
    process.stderr.write(`${USAGE}\n`);
    return values.help ? 0 : 2;
  }
  try {
    if (!action) {
      const { name, detector, out } = values;
      return await evaluateModels({ modelsDir: dir, pack: packs[0]!, data: data!, name, detector, out });
    }
    const entries =
      packs.length === 0
        ? await listPacks(dir)
        : (await Promise.all(packs.map((pack) => listPack(dir, pack)))).flat();
    return await action(entries, { from: values.from, runs });
  } catch (error) {
    if (!(error instanceof PackError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

type Action = (entries: readonly PackEntry[], options: Options) => Promise<number>;

const ACTIONS: Readonly<Record<string, Action>> = { list, verify, pull, bench };

async function list(entries: readonly PackEntry[]): Promise<number> {
  table(
    ["model", "version", "size", "licence", "file"],
    entries.map(({ pack, name, manifest, problem, present }) =>
      manifest
        ? [
            `${pack}/${name}`,
            manifest.version,
            megabytes(manifest.bytes),
            manifest.licence,
            present ? "here" : manifest.url ? `to be pulled: npm run models -- pull ${pack}` : "missing",
          ]
        : [`${pack}/${name}`, "", "", "", problem ?? ""],
    ),
  );
  return entries.some(({ problem }) => problem !== undefined) ? 1 : 0;
}

async function verify(entries: readonly PackEntry[]): Promise<number> {
  let problems = 0;
  for (const entry of entries) {
    const name = `${entry.pack}/${entry.name}`;
    if (!entry.present && entry.manifest?.url) {
      console.log(`${name}: not pulled`);
      continue;
    }
    const { problem, loadSeconds } = await verifyModel(entry);
    if (problem !== undefined) problems++;
    console.log(`${name}: ${problem ?? `as its manifest says, ready in ${loadSeconds!.toFixed(2)} s`}`);
  }
  return problems > 0 ? 1 : 0;
}

async function pull(entries: readonly PackEntry[], { from }: Options): Promise<number> {
  for (const entry of entries) {
    const { pack, name, manifest } = entry;
    const bar = new ProgressBar(`kB of ${pack}/${name}`, Math.ceil((manifest?.bytes ?? 0) / 1_000));
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
        `${pack}/${name}: ${outcome === "present" ? "was here already" : "here"}, SHA-256 as in the manifest`,
      );
    } finally {
      bar.end();
    }
  }
  return 0;
}

async function bench(entries: readonly PackEntry[], { runs }: Options): Promise<number> {
  const present = entries.filter(({ present }) => present);
  for (const { pack, name } of entries.filter((entry) => !entry.present)) {
    console.log(`${pack}/${name}: its file is not here: npm run models -- pull ${pack}`);
  }
  const bar = new ProgressBar("models", present.length);
  const results = [];
  for (const entry of present) {
    results.push({ ...(await benchModel(entry, runs)), pack: entry.pack });
    bar.advance();
  }
  bar.end();
  table(
    ["model", "picture", "median ms", "min ms", "million multiply-adds", "per ns", "load s"],
    results.map(({ model, width, height, medianMs, minMs, multiplyAdds, loadSeconds }) => [
      model,
      `${width}x${height}`,
      medianMs.toFixed(1),
      minMs.toFixed(1),
      multiplyAdds ? (multiplyAdds / 1e6).toFixed(0) : "",
      multiplyAdds ? (multiplyAdds / (medianMs * 1e6)).toFixed(1) : "",
      loadSeconds.toFixed(2),
    ]),
  );
  for (const pack of new Set(present.map(({ pack }) => pack))) {
    const chain = present.filter((entry) => entry.pack === pack);
    if (chain.length < 2) continue;
    const { models, medianMs, minMs } = await benchChain(chain, runs);
    console.log(
      `${pack}: one face in one photo, its ${models} models one after the other: median ${medianMs.toFixed(1)} ms, min ${minMs.toFixed(1)} ms`,
    );
  }
  return 0;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  for (const row of [head, ...rows]) {
    console.log(
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join("  ")
        .trimEnd(),
    );
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
