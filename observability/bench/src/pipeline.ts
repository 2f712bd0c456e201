import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseMix, runLoad, table, visit, type MixPhoto } from "@similarfaces/load";
import { ProgressBar } from "@similarfaces/mesh";
import { startBareProcess, type BareProcess } from "./bare/bareProcess.js";
import { IN_FLIGHT_PER_WORKER, costOf, describeCost, meshRound, type Cost, type MeshRound } from "./cost.js";
import { median, percentile, triple } from "./percentiles.js";
import { startMeshUnderTest, type MeshUnderTest } from "./meshUnderTest.js";
import { scrape, valueOf } from "./scrape.js";
import type { SpentRound } from "./spentRound.js";

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
  /** Every service as a process of its own, of each stage so many. */
  processes?: boolean;
  replicas?: number;
}

const IDLE_PHOTOS = 40;
const EVENT_LOOP_P99 = 'similarfaces_event_loop_delay_seconds{quantile="p99"}';
const LOAD_SHARES = [0.25, 0.5, 0.75, 0.9];

export interface PipelineReport {
  workers: number;
  processes: boolean;
  replicas: number;
  mix: string;
  /** Photos per second: medians of the rounds, and the median of their ratios. */
  throughput: { bare: number; mesh: number; ratio: number };
  cost: Cost;
  /** Resident after the rounds: sums over processes. */
  memoryMiB: { services: number; broker: number; all: number };
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
  const { env, processes = false, replicas = 1 } = options;
  const bare = await startBareProcess({ ...process.env, ...env }, processes);
  const { workers } = bare;
  const mesh = await startMeshUnderTest(env, { processes, replicas });
  try {
    const idle = await benchIdle(mesh, bare, photos);
    const full = await benchThroughput(mesh, bare, photos, options);
    const load = options.load ? await benchLoad(mesh, photos, full.throughput.mesh) : [];
    return { workers, processes, replicas, mix: options.mix, idle, load, ...full };
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
async function benchIdle(mesh: MeshUnderTest, bareLoop: BareProcess, photos: readonly MixPhoto[]) {
  const idle: PipelineReport["idle"] = [];
  const bar = new ProgressBar("photos one at a time", IDLE_PHOTOS * photos.length);
  for (const { name, bytes } of photos) {
    const bare: number[] = [];
    const all: number[] = [];
    const first: number[] = [];
    for (let turn = 0; turn < IDLE_PHOTOS; turn++) {
      bare.push(await bareLoop.analyse(bytes));
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
  bareLoop: BareProcess,
  photos: readonly MixPhoto[],
  { rounds, roundMs }: PipelineOptions,
): Promise<Pick<PipelineReport, "throughput" | "cost" | "memoryMiB" | "eventLoopDelayP99">> {
  const { workers } = bareLoop;
  const inFlight = IN_FLIGHT_PER_WORKER * workers;
  const bares: SpentRound[] = [];
  const meshes: MeshRound[] = [];
  const delays: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const bare = await bareLoop.round(photos, roundMs);
    // The delay counts from one look to the next.
    await scrape(mesh.metricsUrl);
    const own = await meshRound(mesh, photos, { inFlight, roundMs });
    const delay = valueOf(await scrape(mesh.metricsUrl), EVENT_LOOP_P99) * 1_000;
    bares.push(bare);
    meshes.push(own);
    delays.push(delay);
    console.log(
      `round ${round + 1}: mesh ${own.perSecond.toFixed(2)} photos/s, bare loop ${bare.perSecond.toFixed(2)}; ` +
        `ratio ${(own.perSecond / bare.perSecond).toFixed(3)}; cost ${costOf([own], [bare]).difference.toFixed(1)} ms; ` +
        `event loop p99 ${delay.toFixed(1)} ms`,
    );
  }
  const throughput = {
    bare: median(bares.map(({ perSecond }) => perSecond)),
    mesh: median(meshes.map(({ perSecond }) => perSecond)),
    ratio: median(meshes.map(({ perSecond }, i) => perSecond / bares[i]!.perSecond)),
  };
  const cost = costOf(meshes, bares);
  const memoryMiB = memoryOf(mesh);
  console.log(
    `throughput: ${throughput.mesh.toFixed(2)} photos/s of ${throughput.bare.toFixed(2)} in the bare loop of ${workers} workers: ` +
      `ratio ${throughput.ratio.toFixed(3)}`,
  );
  console.log(`cost: ${describeCost(cost)}`);
  console.log(
    `memory: ${memoryMiB.all.toFixed(0)} MiB resident: services ${memoryMiB.services.toFixed(0)}, broker ${memoryMiB.broker.toFixed(0)}`,
  );
  return { throughput, cost, memoryMiB, eventLoopDelayP99: median(delays) };
}

function memoryOf(mesh: MeshUnderTest): PipelineReport["memoryMiB"] {
  const { services, broker } = mesh.usage();
  const [ofServices, ofBroker] = [services, broker].map(({ residentBytes }) => residentBytes / 2 ** 20);
  return { services: ofServices!, broker: ofBroker!, all: ofServices! + ofBroker! };
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
