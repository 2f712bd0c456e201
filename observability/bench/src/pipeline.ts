import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { dealFrom, parseMix, runLoad, table, visit, type MixPhoto } from "@similarfaces/load";
import { ProgressBar } from "@similarfaces/mesh";
import { openBareLoop, type BareLoop } from "./bareLoop.js";
import { closedLoop } from "./closedLoop.js";
import { median, percentile, triple } from "./percentiles.js";
import { startMeshUnderTest, type MeshUnderTest } from "./meshUnderTest.js";
import { scrape, valueOf } from "./scrape.js";
import { analyseUnread } from "./analyseUnread.js";

export interface PipelineOptions {
  modelsDir: string;
  /** Photos and weights: "portrait-1:6,group-4:3". */
  mix: string;
  rounds: number;
  /** Of each closed loop. */
  roundMs: number;
  /** Also open-loop arrivals at shares of the capacity that was measured. */
  load: boolean;
  /** Added to the mesh's environment: to see what a setting costs. */
  env?: Record<string, string>;
}

/** Photos on their way at once in the mesh: enough that no stage ever waits for the next. */
export const IN_FLIGHT_PER_WORKER = 6;
/** In the bare loop two are: one is decoded while the other is computed. */
const BARE_IN_FLIGHT_PER_WORKER = 2;
const IDLE_PHOTOS = 40;
const LOAD_SHARES = [0.25, 0.5, 0.75, 0.9];

export interface PipelineReport {
  workers: number;
  mix: string;
  /** Photos per second: medians of the rounds, and the median of their ratios. */
  throughput: { bare: number; mesh: number; ratio: number; cpuMsPerPhoto: number; memoryMiB: number };
  /** Milliseconds, one photo at a time. */
  idle: { photo: string; bareP50: number; allResultsP50: number; withinLimit: boolean; firstBox: number[] }[];
  /** Milliseconds at p99, under full load. */
  eventLoopDelayP99: number;
  load: Awaited<ReturnType<typeof runLoad>>[];
}

/**
 * The mesh against the bare loop, alternating, so that a machine that slows down slows both. Prints as it goes.
 */
export async function benchPipeline(options: PipelineOptions): Promise<PipelineReport> {
  const photos = await readMix(options);
  const bare = await openBareLoop({ ...process.env, ...options.env });
  const { workers } = bare;
  const mesh = await startMeshUnderTest(options.env);
  try {
    const idle = await benchIdle(mesh, bare, photos);
    const full = await benchThroughput(mesh, bare, photos, options);
    const load = options.load ? await benchLoad(mesh, photos, full.throughput.mesh) : [];
    return { workers, mix: options.mix, idle, load, ...full };
  } finally {
    await mesh.stop();
    await bare.close();
  }
}

export async function readMix({
  modelsDir,
  mix,
}: Pick<PipelineOptions, "modelsDir" | "mix">): Promise<MixPhoto[]> {
  return Promise.all(
    parseMix(mix).map(async ({ name, weight }) => ({
      name,
      weight,
      bytes: new Uint8Array(await readFile(join(modelsDir, "samples/photos", `${name}.jpg`))),
    })),
  );
}

/** One photo at a time: what a single visitor waits for. */
async function benchIdle(mesh: MeshUnderTest, bareLoop: BareLoop, photos: readonly MixPhoto[]) {
  const idle: PipelineReport["idle"] = [];
  const bar = new ProgressBar("photos one at a time", IDLE_PHOTOS * photos.length);
  for (const { name, bytes } of photos) {
    const bare: number[] = [];
    const all: number[] = [];
    const first: number[] = [];
    for (let turn = 0; turn < IDLE_PHOTOS; turn++) {
      const startedAtMs = performance.now();
      await bareLoop.analyse(bytes);
      bare.push(performance.now() - startedAtMs);
      const visited = await visit(mesh.url, bytes, "sse", performance.now());
      if (visited.allResultsMs === undefined || visited.firstBoxMs === undefined) {
        throw new Error(`${name}: ${visited.outcome} ${visited.reason ?? ""}`);
      }
      all.push(visited.allResultsMs);
      first.push(visited.firstBoxMs);
      bar.advance();
    }
    const [bareP50, allResultsP50] = [median(bare), median(all)];
    const limit = 1.25 * bareP50 + 10;
    bar.above(
      `idle, ${name}: all results p50 ${allResultsP50.toFixed(1)} ms, the bare loop ${bareP50.toFixed(1)} ms; ` +
        `${(allResultsP50 / limit).toFixed(2)} of 1.25 x bare + 10 ms; first box p50/p90/p99 ${triple(first)} ms`,
    );
    idle.push({
      photo: name,
      bareP50,
      allResultsP50,
      withinLimit: allResultsP50 <= limit,
      firstBox: [0.5, 0.9, 0.99].map((share) => percentile(first, share)),
    });
  }
  bar.end();
  return idle;
}

/** As many photos as go: the mesh and the bare loop take turns. */
async function benchThroughput(
  mesh: MeshUnderTest,
  { workers, analyse }: BareLoop,
  photos: readonly MixPhoto[],
  { rounds, roundMs }: PipelineOptions,
) {
  const bare: number[] = [];
  const meshes: number[] = [];
  const delays: number[] = [];
  let cpuSeconds = 0;
  let done = 0;
  for (let round = 0; round < rounds; round++) {
    const [dealBare, dealMesh] = [dealFrom(photos), dealFrom(photos)];
    const limit = await closedLoop(BARE_IN_FLIGHT_PER_WORKER * workers, roundMs, () =>
      analyse(dealBare().bytes),
    );
    const before = await scrape(mesh.metricsUrl);
    const own = await closedLoop(IN_FLIGHT_PER_WORKER * workers, roundMs, () =>
      analyseUnread(mesh.url, dealMesh().bytes),
    );
    const after = await scrape(mesh.metricsUrl);
    bare.push(limit.perSecond);
    meshes.push(own.perSecond);
    delays.push(valueOf(after, 'similarfaces_event_loop_delay_seconds{quantile="p99"}') * 1_000);
    cpuSeconds += valueOf(after, "process_cpu_seconds_total") - valueOf(before, "process_cpu_seconds_total");
    done += own.photosInAll;
    console.log(
      `round ${round + 1}: mesh ${own.perSecond.toFixed(2)} photos/s, bare loop ${limit.perSecond.toFixed(2)}; ` +
        `ratio ${(own.perSecond / limit.perSecond).toFixed(3)}; event loop p99 ${delays.at(-1)!.toFixed(1)} ms`,
    );
  }
  const resident = valueOf(await scrape(mesh.metricsUrl), "process_resident_memory_bytes");
  const throughput = {
    bare: median(bare),
    mesh: median(meshes),
    ratio: median(meshes.map((perSecond, i) => perSecond / bare[i]!)),
    cpuMsPerPhoto: (cpuSeconds / done) * 1_000,
    memoryMiB: resident / 2 ** 20,
  };
  console.log(
    `throughput: ${throughput.mesh.toFixed(2)} photos/s of ${throughput.bare.toFixed(2)} in the bare loop of ${workers} workers: ` +
      `ratio ${throughput.ratio.toFixed(3)}; ${throughput.cpuMsPerPhoto.toFixed(0)} ms of processor time per photo, ` +
      `${throughput.memoryMiB.toFixed(0)} MiB resident`,
  );
  return { throughput, eventLoopDelayP99: median(delays) };
}

/** Visitors who come when they like, at shares of what the mesh can take. */
async function benchLoad(mesh: MeshUnderTest, photos: readonly MixPhoto[], capacity: number) {
  const reports: PipelineReport["load"] = [];
  for (const share of LOAD_SHARES) {
    const durationMs = 20_000;
    reports.push(await runLoad({ url: mesh.url, mix: photos, perSecond: capacity * share, durationMs }));
  }
  console.log(
    `open loop at ${LOAD_SHARES.map((share) => `${share * 100} %`).join(", ")} of ${capacity.toFixed(2)} photos/s:`,
  );
  console.log(table(reports));
  return reports;
}
