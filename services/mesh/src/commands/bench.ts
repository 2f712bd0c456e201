import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { benchGallery } from "../bench/gallery.js";
import { benchHttp } from "../bench/http.js";
import { benchPipeline, readMix } from "../bench/pipeline.js";
import { benchTracing } from "../bench/tracing.js";

const USAGE = `npm run bench -- [pipeline | http | tracing] [--mix portrait-1:6,group-4:3] [--rounds N] [--seconds N] [--no-load] [--json FILE]
                gallery [--driver elasticsearch] [--sizes 1000,10000] [--photos N] [--from DIR]... [--json FILE]

  pipeline   the mesh against a bare loop that runs the same models on the same photos in as many workers (the default)
  http       the gateway's two HTTP drivers
  tracing    what it costs to record 1 % of the traces, and all of them
  gallery    searching among synthetic people in growing number, and an import of photos

  --mix      photos of models/samples/photos and how often each comes
  --rounds   of each measurement, whose median counts (default 5)
  --seconds  of each round (default 8)
  --no-load  without open-loop arrivals at 25, 50, 75 and 90 % of capacity
  --driver   of the gallery: nats (the default) or elasticsearch (ELASTICSEARCH_URL, or one started for this;
             ELASTICSEARCH_INDEX_KIND)
  --sizes    faces (default 1000,10000,100000)
  --photos   of the import, 0 for none (default 2000)
  --from     a folder of photos to repeat under other names (default: the repository's samples)
  --json     also writes the figures to a file`;

const MODELS = fileURLToPath(new URL("../../../../models", import.meta.url));
const KINDS = ["pipeline", "http", "tracing", "gallery"];
const MIX = "portrait-1:5,portrait-2:5,group-4:4,group-18:1";

/** `npm run bench`. Figures are printed, never judged: machines differ. @returns the exit code */
export async function bench(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    allowNegative: true,
    options: {
      mix: { type: "string", default: MIX },
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "8" },
      load: { type: "boolean", default: true },
      driver: { type: "string", default: "nats" },
      sizes: { type: "string", default: "1000,10000,100000" },
      photos: { type: "string", default: "2000" },
      from: { type: "string", multiple: true },
      json: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [what = "pipeline"] = positionals;
  const rounds = Number(values.rounds);
  const roundMs = Number(values.seconds) * 1_000;
  if (values.help || !(rounds >= 1) || !(roundMs > 0) || !KINDS.includes(what)) {
    process.stderr.write(`${USAGE}\n`);
    return values.help ? 0 : 2;
  }
  if (what === "http") {
    await benchHttp({ rounds, roundMs });
    return 0;
  }
  if (what === "gallery") return benchOfGallery(values);
  if (what === "tracing") {
    await benchTracing({ mix: await readMix({ modelsDir: MODELS, mix: values.mix }), rounds, roundMs });
    return 0;
  }
  const report = await benchPipeline({
    modelsDir: MODELS,
    mix: values.mix,
    rounds,
    roundMs,
    load: values.load,
  });
  if (values.json) await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
  return 0;
}

interface GalleryValues {
  driver: string;
  sizes: string;
  photos: string;
  seconds: string;
  from?: string[] | undefined;
  json?: string | undefined;
}

async function benchOfGallery({ driver, json, ...values }: GalleryValues): Promise<number> {
  const sizes = values.sizes.split(",").filter(Boolean).map(Number);
  const photos = Number(values.photos);
  const known = driver === "nats" || driver === "elasticsearch";
  if (!known || !Number.isInteger(photos) || sizes.some((size) => !Number.isInteger(size) || size < 1)) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const folders = values.from ?? ["photos", "gallery"].map((name) => join(MODELS, "samples", name));
  const ascending = sizes.toSorted((a, b) => a - b);
  const report = await benchGallery({
    search: sizes.length > 0 ? { driver, sizes: ascending, probes: 400 } : undefined,
    import: photos > 0 ? { folders, photos, baselineMs: Number(values.seconds) * 4_000 } : undefined,
  });
  if (json) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`);
  return 0;
}
