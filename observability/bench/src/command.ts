import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { MixPhoto } from "@similarfaces/load";
import { benchCrowd } from "./crowd.js";
import { FAULT_KINDS, benchFaults, type FaultKind } from "./faults/faults.js";
import { describeFlood } from "./floods/figures.js";
import { benchFloods } from "./floods/floods.js";
import { benchGallery } from "./gallery/benchGallery.js";
import { benchHttp } from "./http.js";
import { AXES, benchGrows, type Axis } from "./grows/grows.js";
import { growsTable } from "./grows/table.js";
import { benchHuman } from "./human/benchHuman.js";
import { startMeshUnderTest } from "./meshUnderTest.js";
import { benchPage } from "./page/benchPage.js";
import { benchPipeline, readMix } from "./pipeline.js";
import { benchProfile } from "./profile/profile.js";
import { profileTable } from "./profile/table.js";
import { RESOLUTION_HEAD, benchResolution, describeRow } from "./resolution/benchResolution.js";
import { benchStart } from "./start.js";
import { benchSoak } from "./soak.js";
import { benchTracing } from "./tracing.js";
import { USAGE } from "./usage.js";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const MIX = "portrait-1:5,portrait-2:5,group-4:4,group-18:1";

function parse(args: string[]) {
  return parseArgs({
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
      sizes: { type: "string" },
      photos: { type: "string" },
      pairs: { type: "string", default: "50" },
      starts: { type: "string", default: "10" },
      processes: { type: "boolean", default: false },
      replicas: { type: "string", default: "1" },
      from: { type: "string", multiple: true },
      only: { type: "string" },
      seed: { type: "string", default: "1" },
      jobs: { type: "string", default: "500" },
      clients: { type: "string", default: "500" },
      json: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}

type Values = ReturnType<typeof parse>["values"];

interface Outcome {
  /** What `--json` writes. */
  report?: object;
  /** Figures are not judged, for machines differ; promises are. */
  isAsPromised?: boolean;
}

/** Each returns undefined for values that make no sense. */
const BENCHES: Readonly<Record<string, (values: Values) => Promise<Outcome | undefined>>> = {
  async pipeline({ mix, load, ...values }) {
    const times = timesOf(values, { rounds: 5, seconds: 8 });
    const replicas = countOf(values.replicas);
    if (!times || !replicas) return undefined;
    // Replicas are processes of their own.
    const layout = { processes: values.processes || replicas > 1, replicas };
    return { report: await benchPipeline({ modelsDir: MODELS, mix, load, ...layout, ...times }) };
  },

  async profile({ processes, ...values }) {
    const times = timesOf(values, { rounds: 1, seconds: 15 });
    if (!times) return undefined;
    const report = await benchProfile({ mix: await photosOf(values), roundMs: times.roundMs, processes });
    console.log(profileTable(report));
    return { report };
  },

  async human(values) {
    const times = timesOf(values, { rounds: 5, seconds: 10 });
    return times && { report: await benchHuman({ mix: await photosOf(values), ...times }) };
  },

  async grows({ only: list, sizes: text = "1,10,100,1000,10000,100000,1000000", ...values }) {
    const times = timesOf(values, { rounds: 1, seconds: 6 });
    const only = (list?.split(",") ?? AXES) as Axis[];
    const sizes = sizesOf(text);
    if (!times || !sizes || !only.every((axis) => AXES.includes(axis))) return undefined;
    const { roundMs } = times;
    const mix = await photosOf(values);
    const report = await benchGrows({ modelsDir: MODELS, only, mix, roundMs, sizes });
    console.log(growsTable(report));
    return { report };
  },

  async http(values) {
    const times = timesOf(values, { rounds: 5, seconds: 8 });
    if (!times) return undefined;
    await benchHttp(times);
    return {};
  },

  async tracing(values) {
    // Every mesh in every round: long enough that one collection of garbage more or less does not matter.
    const times = timesOf(values, { rounds: 8, seconds: 5 });
    return times && { report: await benchTracing({ mix: await photosOf(values), ...times }) };
  },

  async soak({ photos = "20000", processes, mix }) {
    const count = countOf(photos);
    if (!count) return undefined;
    return { report: await benchSoak({ photos: count, processes, mix: await photosOf({ mix }) }) };
  },

  async start({ starts: count }) {
    const starts = countOf(count);
    return starts ? { report: await benchStart({ modelsDir: MODELS, starts }) } : undefined;
  },

  async crowd({ photos: number = "20", pairs: count }) {
    const [photos, pairs] = [Number(number), Number(count)];
    if (!countOf(number) || !Number.isInteger(pairs) || pairs < 0) return undefined;
    return { report: await benchCrowd({ modelsDir: MODELS, photos, pairs }) };
  },

  async faults({ only: kinds, ...values }) {
    const only = (kinds?.split(",") ?? FAULT_KINDS) as FaultKind[];
    const [seed, jobs, clients] = [Number(values.seed), countOf(values.jobs), countOf(values.clients)];
    const areKnown = only.every((kind) => FAULT_KINDS.includes(kind));
    if (!areKnown || !Number.isInteger(seed) || !jobs || !clients) return undefined;
    const report = await benchFaults({ photos: await photosOf(values), only, seed, jobs, clients });
    return { report, isAsPromised: report.asWanted };
  },

  async page(values) {
    const times = timesOf(values, { rounds: 5, seconds: 1 });
    return times && { report: await benchPage({ modelsDir: MODELS, rounds: times.rounds }) };
  },

  async resolution({ seed: number }) {
    const seed = Number(number);
    if (!Number.isInteger(seed)) return undefined;
    console.log(RESOLUTION_HEAD);
    const onRow = (row: Parameters<typeof describeRow>[0]) => console.log(describeRow(row));
    return { report: { rows: await benchResolution({ modelsDir: MODELS, seed, onRow }) } };
  },

  async floods({ factors: list, ...values }) {
    const times = timesOf(values, { rounds: 1, seconds: 60 });
    const factors = list.split(",").map(Number);
    if (!times || factors.some((factor) => !(factor > 1))) return undefined;
    const mix = await photosOf(values);
    const mesh = await startMeshUnderTest();
    try {
      const report = await benchFloods({
        url: mesh.url,
        mix,
        factors,
        floodMs: times.roundMs,
        loopMs: Math.min(20_000, times.roundMs),
        onFigures: (figures) => console.log(describeFlood(figures)),
      });
      console.log(`a closed loop by itself: ${report.capacityPerSecond.toFixed(2)} photos/s`);
      return { report };
    } finally {
      await mesh.stop();
    }
  },

  async gallery({ driver, sizes: list = "1000,10000,100000", photos: number = "2000", from, ...values }) {
    const times = timesOf(values, { rounds: 1, seconds: 8 });
    const sizes = sizesOf(list);
    const photos = Number(number);
    const isDriver = driver === "nats" || driver === "elasticsearch";
    if (!times || !isDriver || !Number.isInteger(photos) || !sizes) return undefined;
    const folders = from ?? ["photos", "gallery"].map((name) => join(MODELS, "samples", name));
    const report = await benchGallery({
      search: sizes.length > 0 ? { driver, sizes, probes: 400 } : undefined,
      import: photos > 0 ? { folders, photos, baselineMs: times.roundMs * 4 } : undefined,
    });
    return { report };
  },
};

/** `npm run bench`. @returns the exit code: 1 where a promise was not kept, 2 for a call that makes no sense */
export async function bench(args: string[]): Promise<number> {
  const { values, positionals } = parse(args);
  const [name = "pipeline"] = positionals;
  const run = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
  const outcome = values.help ? undefined : await run?.(values);
  if (!outcome) {
    process.stderr.write(`${USAGE}\n`);
    return values.help ? 0 : 2;
  }
  const { report, isAsPromised = true } = outcome;
  if (values.json && report) await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
  return isAsPromised ? 0 : 1;
}

function timesOf(
  values: Pick<Values, "rounds" | "seconds">,
  usual: { rounds: number; seconds: number },
): { rounds: number; roundMs: number } | undefined {
  const rounds = Number(values.rounds ?? usual.rounds);
  const roundMs = Number(values.seconds ?? usual.seconds) * 1_000;
  return rounds >= 1 && roundMs > 0 ? { rounds, roundMs } : undefined;
}

/** Undefined for what is no whole number from 1 on. */
function countOf(text: string): number | undefined {
  const count = Number(text);
  return Number.isInteger(count) && count >= 1 ? count : undefined;
}

/** "1000,10000", or none: ascending. */
function sizesOf(list: string): number[] | undefined {
  const sizes = list.split(",").filter(Boolean).map(countOf);
  return sizes.every((size) => size !== undefined) ? sizes.toSorted((a, b) => a - b) : undefined;
}

function photosOf({ mix }: Pick<Values, "mix">): Promise<MixPhoto[]> {
  return readMix({ modelsDir: MODELS, mix });
}
