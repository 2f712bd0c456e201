import { readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Gateway } from "@similarfaces/client";
import {
  ResultSchema,
  RESULT_PREFIX,
  WORK_PREFIX,
  fromBinary,
  hasConsumer,
  isForPhotos,
  answersPerFace,
  parseWorkSubject,
  resultsOf,
  type StageName,
} from "@similarfaces/contracts";
import { connect, type NatsConnection } from "nats";
import { parseMix, type MixPhoto } from "../mix.js";
import { saturate } from "../saturate.js";
import { usageOf } from "../usage.js";
import { PATH, type Costs } from "./costs.js";

export interface MeasureOptions {
  /** What `npm start -- --processes` keeps in its data folder: processes, URL, broker. */
  run: RunningMesh;
  mix: string;
  photosFolder: URL;
  /** Of the run at full load. */
  durationMs: number;
  /** Photos that are sent one at a time, for what a photo alone takes. */
  photosAlone: number;
  /** Of each of the two runs that find out what a stream takes. */
  streamMs?: number;
}

export interface RunningMesh {
  url: string;
  natsUrl: string;
  natsUser?: string;
  natsPassword?: string;
  children: Record<string, { pid: number }>;
}

const GATEWAY = "gateway";
const BROKER = "nats-server";
/** Longer than a photo alone takes on any machine. */
const WAIT_SECONDS = 30;

/**
 * Measures what a photo costs on a mesh that runs as processes: CPU time per process at full load, then the times and sizes
 * of photos that come alone, then what a stream takes.
 * @throws Error where the mesh runs as one process, or answers nothing
 */
export async function measureCosts(options: MeasureOptions): Promise<Costs> {
  const { run, mix, streamMs = 4_000 } = options;
  const stageNames = await stagesOf(run);
  const missing = [GATEWAY, BROKER, ...stageNames].filter((name) => !run.children[name]);
  if (missing.length > 0)
    throw new Error(`no processes of their own: ${missing.join(", ")}; start with --processes`);
  const photos = parseMix(mix).map(({ name, weight }): MixPhoto => ({
    name,
    weight,
    bytes: Uint8Array.from(readFileSync(new URL(name, options.photosFolder))),
  }));
  const nc = await connect({
    servers: run.natsUrl,
    ...(run.natsUser === undefined ? {} : { user: run.natsUser, pass: run.natsPassword ?? "" }),
  });
  try {
    const full = await atFullLoad(options, photos, stageNames);
    // As often as the mix has each, one after the other.
    const inTurn = photos.flatMap((photo) => Array.from({ length: photo.weight }, () => photo));
    const alone = await alonePhotos(options, inTurn, nc);
    const stages = Object.fromEntries(
      stageNames.map((stage) => [stage, { cpuMs: full.cpuMs(stage), ...alone.compute(stage) }]),
    );
    return {
      measured: {
        date: new Date().toISOString().slice(0, 10),
        machine: cpus()[0]?.model.trim() ?? "unknown",
        cores: availableParallelism(),
        node: process.versions.node,
        natsServer: nc.info?.version ?? "unknown",
        model: alone.model,
      },
      mix,
      ...facesOf(photos, alone.faces),
      stages,
      gatewayCpuMsPerPhoto: full.gatewayCpuMs,
      brokerCpuMsPerPhoto: full.brokerCpuMs,
      overheadMs: alone.overheadMs,
      messages: alone.messages,
      blobs: alone.blobs,
      streamPerSecond: {
        chips: await streamRate(nc, alone.messages.face.bytesEach, streamMs),
        results: await streamRate(nc, alone.messages.result.bytesEach, streamMs),
      },
    };
  } finally {
    await nc.close();
  }
}

/** The stages of a photo that have a process of their own to measure. */
async function stagesOf({ url }: RunningMesh): Promise<StageName[]> {
  const { stages } = await new Gateway({ url }).about();
  return stages.filter((stage) => hasConsumer(stage) && isForPhotos(stage));
}

async function atFullLoad(
  { run, durationMs }: MeasureOptions,
  mix: readonly MixPhoto[],
  stages: readonly StageName[],
) {
  const cpuOf = (name: string) => usageOf([run.children[name]!.pid]).cpuSeconds;
  const names = [GATEWAY, BROKER, ...stages];
  await saturate({ url: run.url, mix, durationMs: 1_000, rampMs: 2_000 });
  const before = new Map(names.map((name) => [name, cpuOf(name)]));
  const report = await saturate({ url: run.url, mix, durationMs });
  const { complete } = report.outcomes;
  if (complete === 0) throw new Error(`no photo was answered: ${JSON.stringify(report.outcomes)}`);
  const faces = report.facesPerSecond / report.completedPerSecond;
  const cpuMs = (name: string) => ((cpuOf(name) - before.get(name)!) / complete) * 1_000;
  return {
    gatewayCpuMs: cpuMs(GATEWAY),
    brokerCpuMs: cpuMs(BROKER),
    cpuMs: (stage: StageName) => (answersPerFace(stage) ? cpuMs(stage) / faces : cpuMs(stage)),
  };
}

/** Photos one after the other on a mesh that does nothing else; what passes through the broker meanwhile is counted. */
async function alonePhotos(
  { run, photosAlone }: MeasureOptions,
  photos: readonly MixPhoto[],
  nc: NatsConnection,
) {
  const traffic = { image: tally(), face: tally(), embedding: tally(), result: tally() };
  const computeMs = new Map<string, number[]>();
  let model = "";
  nc.subscribe(`${WORK_PREFIX}.>`, {
    callback: (_, { subject, data }) => {
      const kind = parseWorkSubject(subject)?.kind;
      if (kind && kind !== "enrol") traffic[kind].add(data.length);
    },
  });
  nc.subscribe(`${RESULT_PREFIX}.>`, {
    callback: (_, { data }) => {
      traffic.result.add(data.length);
      // One message may answer about several faces, each in its own time.
      for (const { stage, timings, model: of } of resultsOf(fromBinary(ResultSchema, data))) {
        if (stage === "embed") model = of;
        if (!timings) continue;
        computeMs.set(stage, [...(computeMs.get(stage) ?? []), timings.finishedAtMs - timings.startedAtMs]);
      }
    },
  });
  await nc.flush();
  const { jobs } = new Gateway({ url: run.url });
  const faces = new Map<string, number>();
  const blobs = { uploadBytes: mean(photos, ({ bytes }) => bytes.length), photoBytes: 0, chipBytes: 0 };
  const elapsedMs: number[] = [];
  for (let i = 0; i < photosAlone; i++) {
    const photo = photos[i % photos.length]!;
    const startedAtMs = performance.now();
    const job = await jobs.sendAndWait(photo.bytes, WAIT_SECONDS);
    elapsedMs.push(performance.now() - startedAtMs);
    faces.set(photo.name, job.faces.length);
    // Stored after the answer: asking waits for them.
    blobs.photoBytes += (await jobs.picture(job.jobId, "photo.jpg")).byteLength / photosAlone;
    if (job.faces.length > 0) {
      const sheet = await jobs.picture(job.jobId, "faces.jpg");
      blobs.chipBytes = sheet.byteLength / job.faces.length;
    }
    await sleep(50);
  }
  const compute = (stage: StageName) => momentsOf(computeMs.get(stage) ?? []);
  const path = PATH.reduce((sum, stage) => sum + compute(stage).computeMs, 0);
  const messages = Object.fromEntries(
    Object.entries(traffic).map(([kind, { count, bytes }]) => [
      kind,
      { perPhoto: count() / photosAlone, bytesEach: bytes() / Math.max(1, count()) },
    ]),
  ) as Costs["messages"];
  const overheadMs = Math.max(0, momentsOf(elapsedMs).computeMs - path);
  return { compute, messages, blobs, faces, model, overheadMs };
}

function facesOf(photos: readonly MixPhoto[], faces: ReadonlyMap<string, number>) {
  const weights = photos.reduce((sum, { weight }) => sum + weight, 0);
  const moment = (of: (count: number) => number) =>
    photos.reduce((sum, { name, weight }) => sum + (weight / weights) * of(faces.get(name) ?? 0), 0);
  return { facesPerPhoto: moment((count) => count), squaredFacesPerPhoto: moment((count) => count ** 2) };
}

const UNDER_WAY = 128;
const STREAM = "CAPACITY";

/** Messages of a size that one stream acknowledges per second. */
async function streamRate(nc: NatsConnection, bytesEach: number, forMs: number): Promise<number> {
  const [js, jsm] = [jetstream(nc), await jetstreamManager(nc)];
  const limits = { max_bytes: 512 * 1024 * 1024, max_msgs: 20_000 };
  await jsm.streams.add({ name: STREAM, subjects: ["capacity.>"], discard: "old", ...limits });
  try {
    const data = new Uint8Array(Math.round(bytesEach)).map((_, i) => (i * 167) & 255);
    const endAtMs = performance.now() + forMs;
    let count = 0;
    const lane = async (id: number) => {
      while (performance.now() < endAtMs) {
        await js.publish(`capacity.${id}`, data);
        count++;
      }
    };
    await Promise.all(Array.from({ length: UNDER_WAY }, (_, id) => lane(id)));
    return (count / forMs) * 1_000;
  } finally {
    await jsm.streams.delete(STREAM);
  }
}

function tally() {
  let count = 0;
  let bytes = 0;
  return {
    add: (length: number) => {
      count++;
      bytes += length;
    },
    count: () => count,
    bytes: () => bytes,
  };
}

function momentsOf(values: readonly number[]): { computeMs: number; squaredVariation: number } {
  const computeMs = mean(values, (value) => value);
  const variance = mean(values, (value) => (value - computeMs) ** 2);
  return { computeMs, squaredVariation: computeMs > 0 ? variance / computeMs ** 2 : 0 };
}

function mean<T>(values: readonly T[], of: (value: T) => number): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + of(value), 0) / values.length;
}
