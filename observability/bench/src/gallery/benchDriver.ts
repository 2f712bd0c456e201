import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EMBEDDING_SIZE, GalleryFaceSchema, create } from "@similarfaces/contracts";
import { loadManifest, type Manifest } from "@similarfaces/inference";
import type { GalleryDriver } from "@similarfaces/gallery";
import { ProgressBar } from "@similarfaces/mesh";
import { MetricKind, exactSearch } from "usearch";
import { median, percentile } from "../figures.js";
import { timeMatchStage } from "./matchStage.js";
import { MODEL, startStores, type Stores } from "./stores.js";
import { FACES_PER_PERSON, createSyntheticFaces, mulberry32 } from "./syntheticFaces.js";

export interface BenchDriverOptions {
  driver: "nats" | "elasticsearch";
  /** Faces, ascending. */
  sizes: readonly number[];
  probes: number;
}

/** Figures at one size. */
export interface SizeReport {
  faces: number;
  addsPerSecond: number;
  /** Of the ten nearest people, against looking at every face. */
  recall: number;
  searchMs: { p50: number; p99: number };
  stageMs: { p50: number; p99: number };
  wholeMs: { p50: number; p99: number };
  /** Milliseconds until another replica finds a new face, or no longer finds a deleted one. */
  visibleMs: { add: number; delete: number; worst: number };
  /** Of the `nats` driver, whose replicas hold the gallery in memory. */
  memory?: { bytesPerFace: number; rebuildS: number; snapshotS: number; loadS: number };
}

const COUNT = 10;
const ADDS_AT_ONCE = 64;
const PEOPLE_AT_ONCE = 64;
const VISIBLE_ROUNDS = 15;
const MODELS = fileURLToPath(new URL("../../../../models", import.meta.url));

/** Synthetic people in growing number. Prints as it goes. */
export async function benchDriver({ driver, sizes, probes }: BenchDriverOptions): Promise<SizeReport[]> {
  const synthetic = createSyntheticFaces(personOf(Math.max(...sizes)) + PEOPLE_AT_ONCE);
  const manifest = await loadManifest(MODELS, "compact", "embed");
  const stores = await startStores(driver);
  const reports: SizeReport[] = [];
  try {
    const gallery = await stores.open();
    const vectors = new Float32Array(Math.max(...sizes) * EMBEDDING_SIZE);
    let filled = 0;
    for (const faces of sizes) {
      const startedAtMs = performance.now();
      const bar = new ProgressBar("faces added", faces - filled);
      await fill(gallery, {
        from: filled,
        to: faces,
        vectors,
        next: (person) => synthetic.face(person),
        bar,
      });
      bar.end();
      const addsPerSecond = ((faces - filled) / (performance.now() - startedAtMs)) * 1_000;
      filled = faces;
      const random = mulberry32(faces);
      const asked = Array.from({ length: probes }, () =>
        synthetic.face(personOf(Math.floor(random() * faces))),
      );
      const all = vectors.subarray(0, faces * EMBEDDING_SIZE);
      const report = { faces, addsPerSecond, ...(await measure(stores, gallery, manifest, all, asked)) };
      reports.push(report);
      console.log(lineOf(report));
    }
    await gallery.close();
  } finally {
    await stores.stop();
  }
  printGrowth(reports);
  return reports;
}

interface Filling {
  from: number;
  to: number;
  vectors: Float32Array;
  next(person: number): Float32Array;
  bar: ProgressBar;
}

async function fill(gallery: GalleryDriver, { from, to, vectors, next, bar }: Filling): Promise<void> {
  let face = from;
  const lane = async () => {
    while (face < to) {
      const row = face++;
      const embedding = next(personOf(row));
      vectors.set(embedding, row * EMBEDDING_SIZE);
      await gallery.add(newFace(`f${row}`, `p${personOf(row)}`, embedding));
      bar.advance();
    }
  };
  await Promise.all(Array.from({ length: ADDS_AT_ONCE }, lane));
}

/** Some people at once, face by face, then the next: at every size all but the last have ten faces. */
function personOf(row: number): number {
  const group = Math.floor(row / (PEOPLE_AT_ONCE * FACES_PER_PERSON));
  return group * PEOPLE_AT_ONCE + (row % PEOPLE_AT_ONCE);
}

function newFace(id: string, identityId: string, embedding: Float32Array) {
  return {
    face: create(GalleryFaceSchema, {
      id: id.padStart(22, "0"),
      model: MODEL,
      createdAtMs: Date.now(),
      sourceJobId: "0123456789abcdefghijklmnopqrstuvwxyz",
      source: `people/${identityId}/${id}.jpg`,
    }),
    identity: { id: identityId, name: `Person ${identityId}`, consent: "synthetic", createdAtMs: Date.now() },
    embedding,
  };
}

async function measure(
  stores: Stores,
  gallery: GalleryDriver,
  manifest: Manifest,
  all: Float32Array,
  asked: readonly Float32Array[],
): Promise<Omit<SizeReport, "faces" | "addsPerSecond">> {
  const times: number[] = [];
  let found = 0;
  let wanted = 0;
  for (const probe of asked) {
    const startedAtMs = performance.now();
    const { candidates } = await gallery.nearest(probe, COUNT);
    times.push(performance.now() - startedAtMs);
    const exact = nearestPeople(all, probe);
    wanted += exact.size;
    found += candidates.filter(({ identityId }) => exact.has(identityId)).length;
  }
  const { work, whole } = await timeMatchStage(stores.broker, gallery, manifest, asked);
  const memory = gallery.name === "nats" ? await measureMemory(stores) : undefined;
  return {
    recall: found / wanted,
    searchMs: quantiles(times),
    stageMs: quantiles(work),
    wholeMs: quantiles(whole),
    visibleMs: await measureVisibility(stores, gallery, asked),
    ...(memory ? { memory } : {}),
  };
}

/** By every face's float32, nothing left out. */
function nearestPeople(vectors: Float32Array, probe: Float32Array): Set<string> {
  const faces = vectors.length / EMBEDDING_SIZE;
  // A person's ten faces may all be among the nearest.
  const count = Math.min(faces, COUNT * FACES_PER_PERSON);
  const nearest = new Set<string>();
  for (const row of exactSearch(vectors, probe, EMBEDDING_SIZE, count, MetricKind.Cos, 1).keys) {
    nearest.add(`p${personOf(Number(row))}`);
    if (nearest.size === COUNT) break;
  }
  return nearest;
}

async function measureVisibility(stores: Stores, gallery: GalleryDriver, asked: readonly Float32Array[]) {
  const other = await stores.open();
  const [adds, deletes]: [number[], number[]] = [[], []];
  for (let round = 0; round < VISIBLE_ROUNDS; round++) {
    const embedding = asked[round % asked.length]!;
    const face = newFace(`new-${round}`, `new-${round}`, embedding);
    const isFound = async () =>
      (await other.nearest(embedding, 1)).candidates[0]?.identityId === face.identity.id;
    // From the moment at which the change is acknowledged.
    await gallery.add(face);
    adds.push(await until(isFound));
    await gallery.deleteIdentity(face.identity.id);
    deletes.push(await until(async () => !(await isFound())));
  }
  await other.close();
  return { add: median(adds), delete: median(deletes), worst: Math.max(...adds, ...deletes) };
}

async function until(condition: () => Promise<boolean>): Promise<number> {
  const startedAtMs = performance.now();
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 1));
  return performance.now() - startedAtMs;
}

/** What another replica takes, and how long it needs to begin. */
async function measureMemory(stores: Stores): Promise<NonNullable<SizeReport["memory"]>> {
  const snapshotFile = join(stores.folder, "gallery.snapshot");
  const before = await settledBytes();
  const [rebuilt, rebuildS] = await timed(() => stores.open(snapshotFile));
  const { faces } = await rebuilt.statistics();
  const bytesPerFace = ((await settledBytes()) - before) / faces;
  // One that is being saved in the background is waited for.
  await rebuilt.add(newFace("snapshot", "snapshot", createSyntheticFaces(1, 7).face(0)));
  const [, snapshotS] = await timed(() => rebuilt.close());
  const [loaded, loadS] = await timed(() => stores.open(snapshotFile));
  await loaded.deleteIdentity("snapshot");
  await loaded.close();
  return { bytesPerFace, rebuildS, snapshotS, loadS };
}

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const startedAtMs = performance.now();
  const value = await work();
  return [value, (performance.now() - startedAtMs) / 1_000];
}

/** Bytes of JavaScript and of vectors, after everything that can be collected has been. */
async function settledBytes(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function quantiles(values: readonly number[]): { p50: number; p99: number } {
  return { p50: median(values), p99: percentile(values, 0.99) };
}

function lineOf({
  faces,
  addsPerSecond,
  recall,
  searchMs,
  stageMs,
  wholeMs,
  visibleMs,
  memory,
}: SizeReport): string {
  const both = ({ p50, p99 }: { p50: number; p99: number }) => `${p50.toFixed(2)} / ${p99.toFixed(2)} ms`;
  const lines = [
    `${faces} faces: recall@${COUNT} ${recall.toFixed(4)}; p50 / p99 of a search ${both(searchMs)}, ` +
      `of the stage match ${both(stageMs)}, from probe to answer ${both(wholeMs)}`,
    `  ${addsPerSecond.toFixed(0)} faces/s added; on another replica an addition is seen after ${visibleMs.add.toFixed(1)} ms, ` +
      `a deletion after ${visibleMs.delete.toFixed(1)} ms (p50; the worst ${visibleMs.worst.toFixed(1)} ms)`,
  ];
  if (memory) {
    lines.push(
      `  ${memory.bytesPerFace.toFixed(0)} bytes of memory per face; rebuilt from the record in ${memory.rebuildS.toFixed(2)} s, ` +
        `snapshot written in ${memory.snapshotS.toFixed(2)} s, loaded in ${memory.loadS.toFixed(2)} s`,
    );
  }
  return lines.join("\n");
}

function printGrowth(reports: readonly SizeReport[]): void {
  for (const [i, report] of reports.entries()) {
    const before = reports[i - 1];
    if (!before) continue;
    const times = (of: (report: SizeReport) => number) => (of(report) / of(before)).toFixed(1);
    console.log(
      `${before.faces} to ${report.faces} faces: x${times(({ faces }) => faces)}; p50 of a search x${times(({ searchMs }) => searchMs.p50)}, ` +
        `of the stage x${times(({ stageMs }) => stageMs.p50)}` +
        (report.memory ? `, rebuild x${times(({ memory }) => memory!.rebuildS)}` : ""),
    );
  }
}
