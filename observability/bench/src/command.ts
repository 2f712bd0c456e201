import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { FAULT_KINDS, benchFaults, type FaultKind } from "./faults/faults.js";
import { describeFlood } from "./floods/figures.js";
import { benchFloods } from "./floods/floods.js";
import { benchGallery } from "./gallery/benchGallery.js";
import { benchHttp } from "./http.js";
import { startMeshUnderTest } from "./meshUnderTest.js";
import { benchPipeline, readMix } from "./pipeline.js";
import { benchSoak } from "./soak.js";
import { benchTracing } from "./tracing.js";

const USAGE = `npm run bench -- [pipeline | http | tracing] [--mix portrait-1:6,group-4:3] [--rounds N] [--seconds N] [--no-load] [--json FILE]
                soak [--photos N] [--processes] [--json FILE]
                faults [--only floods,kills,broker,rude,disk] [--seed N] [--jobs N] [--clients N] [--json FILE]
                floods [--factors 2,10,50] [--mix ...] [--seconds N] [--json FILE]
                gallery [--driver elasticsearch] [--sizes 1000,10000] [--photos N] [--from DIR]... [--json FILE]

  pipeline   the mesh against a bare loop that runs the same models on the same photos in as many workers (the default)
  http       the gateway's two HTTP drivers
  tracing    what it costs to record 1 % of the traces, and all of them, beside a control that costs nothing
  soak       many photos, and whether the memory of each process stays what it is
  faults     photos while there are far too many, processes are killed, the broker is away, clients are rude, the disk is full:
             what is lost, shown twice or expired, and how soon work goes on. The exit code says whether all is as promised
  floods     more photos than the mesh can do: what is accepted, refused, and done in time, beside a closed loop
  gallery    searching among synthetic people in growing number, and an import of photos

  --mix      photos of models/samples/photos and how often each comes
  --rounds   of each measurement, whose median counts (default 5; of tracing 8)
  --seconds  of each round (default 8; of tracing 5 for each mesh, of each flood 60)
  --factors  of the floods: what is offered, in what a closed loop gets done (default 2,10,50)
  --no-load  without open-loop arrivals at 25, 50, 75 and 90 % of capacity
  --driver   of the gallery: nats (the default) or elasticsearch (ELASTICSEARCH_URL, or one started for this;
             ELASTICSEARCH_INDEX_KIND)
  --sizes    faces (default 1000,10000,100000)
  --photos   of the import, 0 for none (default 2000); of the soak (default 20000)
  --processes  of the soak: every service as a process of its own
  --from     a folder of photos to repeat under other names (default: the repository's samples)
  --only     of faults: some of its kinds
  --seed     of faults: what is killed when (default 1)
  --jobs     of faults: photos of each trial with kills (default 500)
  --clients  of faults: rude ones at once (default 500)
  --json     also writes the figures to a file (not of http)`;

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const KINDS = ["pipeline", "http", "tracing", "soak", "faults", "floods", "gallery"];
const MIX = "portrait-1:5,portrait-2:5,group-4:4,group-18:1";

/** `npm run bench`. Figures are printed, never judged: machines differ. What is promised is. @returns the exit code */
export async function bench(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    allowNegative: true,
    options: {
      mix: { type: "string", default: MIX },
      rounds: { type: "string" },
      seconds: { type: "string" },
      factors: { type: "string", default: "2,10,50" },
      load: { type: "boolean", default: true },
      driver: { type: "string", default: "nats" },
      sizes: { type: "string", default: "1000,10000,100000" },
      photos: { type: "string" },
      processes: { type: "boolean", default: false },
      from: { type: "string", multiple: true },
      only: { type: "string" },
      seed: { type: "string", default: "1" },
      jobs: { type: "string", default: "500" },
      clients: { type: "string", default: "500" },
      json: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [what = "pipeline"] = positionals;
  // Of tracing, every mesh in every round: long enough that one more or one less collection of garbage does not matter.
  const usual = what === "tracing" ? { rounds: 8, seconds: 5 } : { rounds: 5, seconds: 8 };
  const rounds = Number(values.rounds ?? usual.rounds);
  const roundMs = Number(values.seconds ?? usual.seconds) * 1_000;
  if (values.help || !(rounds >= 1) || !(roundMs > 0) || !KINDS.includes(what)) {
    process.stderr.write(`${USAGE}\n`);
    return values.help ? 0 : 2;
  }
  if (what === "http") {
    await benchHttp({ rounds, roundMs });
    return 0;
  }
  if (what === "gallery") return benchOfGallery({ ...values, photos: values.photos ?? "2000", roundMs });
  if (what === "soak") return benchOfSoak({ ...values, photos: Number(values.photos ?? 20_000) });
  if (what === "faults") return benchOfFaults(values);
  const { mix, load, json } = values;
  if (what === "floods") return benchOfFloods({ ...values, seconds: Number(values.seconds ?? 60) });
  const report =
    what === "tracing"
      ? await benchTracing({ mix: await readMix({ modelsDir: MODELS, mix }), rounds, roundMs })
      : await benchPipeline({ modelsDir: MODELS, mix, rounds, roundMs, load });
  if (json) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`);
  return 0;
}

interface SoakValues {
  mix: string;
  photos: number;
  processes: boolean;
  json?: string | undefined;
}

async function benchOfSoak({ mix, photos, processes, json }: SoakValues): Promise<number> {
  if (!Number.isInteger(photos) || photos < 1) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const report = await benchSoak({ photos, processes, mix: await readMix({ modelsDir: MODELS, mix }) });
  if (json) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`);
  return 0;
}

interface FaultsValues {
  mix: string;
  only?: string | undefined;
  seed: string;
  jobs: string;
  clients: string;
  json?: string | undefined;
}

async function benchOfFaults({ mix, json, ...values }: FaultsValues): Promise<number> {
  const only = (values.only?.split(",") ?? FAULT_KINDS) as FaultKind[];
  const [seed, jobs, clients] = [values.seed, values.jobs, values.clients].map(Number) as [
    number,
    number,
    number,
  ];
  const areCounts = [jobs, clients].every((count) => Number.isInteger(count) && count > 0);
  if (!areCounts || !Number.isInteger(seed) || only.some((kind) => !FAULT_KINDS.includes(kind))) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const photos = await readMix({ modelsDir: MODELS, mix });
  const report = await benchFaults({ photos, only, seed, jobs, clients });
  if (json) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`);
  return report.asWanted ? 0 : 1;
}

interface FloodValues {
  mix: string;
  factors: string;
  seconds: number;
  json?: string | undefined;
}

async function benchOfFloods({ mix, factors, seconds, json }: FloodValues): Promise<number> {
  const wanted = factors.split(",").map(Number);
  if (wanted.some((factor) => !(factor > 1))) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const mesh = await startMeshUnderTest();
  try {
    const report = await benchFloods({
      url: mesh.url,
      mix: await readMix({ modelsDir: MODELS, mix }),
      factors: wanted,
      floodMs: seconds * 1_000,
      loopMs: Math.min(20_000, seconds * 1_000),
      onFigures: (figures) => console.log(describeFlood(figures)),
    });
    console.log(`a closed loop by itself: ${report.capacityPerSecond.toFixed(2)} photos/s`);
    if (json) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`);
    return 0;
  } finally {
    await mesh.stop();
  }
}

interface GalleryValues {
  driver: string;
  sizes: string;
  photos: string;
  roundMs: number;
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
    import: photos > 0 ? { folders, photos, baselineMs: values.roundMs * 4 } : undefined,
  });
  if (json) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`);
  return 0;
}
