import { fileURLToPath } from "node:url";
import { EMBEDDING_SIZE } from "@similarfaces/contracts";
import { findModel, type Manifest } from "@similarfaces/inference";
import { seededRandom } from "@similarfaces/load";
import type { Identities } from "@similarfaces/gallery";
import { ProgressBar } from "@similarfaces/mesh";
import { median, percentile } from "../percentiles.js";
import { timeMatchStage } from "./matchStage.js";
import { measureReplica } from "./replicaMemory.js";
import { timeSearches } from "./searches.js";
import { describeGrowth, describeSize, type Quantiles, type SizeReport } from "./sizeReport.js";
import { startStores, type Stores } from "./stores.js";
import { createSyntheticFaces } from "./syntheticFaces.js";
import { PEOPLE_AT_ONCE, addFaces, personOf } from "./syntheticGallery.js";
import { measureVisibility } from "./visibility.js";

export interface BenchDriverOptions {
  driver: "nats" | "elasticsearch";
  /** Faces, ascending. */
  sizes: readonly number[];
  probes: number;
}

/** People that a search asks for. */
const COUNT = 10;
const MODELS = fileURLToPath(new URL("../../../../models", import.meta.url));

/** Synthetic people in growing number. Prints as it goes. */
export async function benchDriver({ driver, sizes, probes }: BenchDriverOptions): Promise<SizeReport[]> {
  const largest = Math.max(...sizes);
  const synthetic = createSyntheticFaces(personOf(largest) + PEOPLE_AT_ONCE);
  const { manifest } = await findModel({ modelsDir: MODELS, pack: "compact" }, "embed");
  const stores = await startStores(driver);
  const reports: SizeReport[] = [];
  try {
    const gallery = await stores.open();
    const vectors = new Float32Array(largest * EMBEDDING_SIZE);
    let added = 0;
    for (const faces of sizes) {
      const startedAtMs = performance.now();
      const bar = new ProgressBar("faces added", faces - added);
      await addFaces(gallery, {
        from: added,
        to: faces,
        vectors,
        next: (person) => synthetic.face(person),
        onAdded: () => bar.advance(),
      });
      bar.end();
      const addsPerSecond = ((faces - added) / (performance.now() - startedAtMs)) * 1_000;
      added = faces;
      const random = seededRandom(faces);
      const asked = Array.from({ length: probes }, () =>
        synthetic.face(personOf(Math.floor(random() * faces))),
      );
      const all = vectors.subarray(0, faces * EMBEDDING_SIZE);
      const report = { faces, addsPerSecond, ...(await measure(stores, gallery, manifest, all, asked)) };
      reports.push(report);
      console.log(describeSize(report, COUNT));
    }
    await gallery.close();
  } finally {
    await stores.stop();
  }
  for (const line of describeGrowth(reports)) console.log(line);
  return reports;
}

async function measure(
  stores: Stores,
  gallery: Identities,
  manifest: Manifest,
  vectors: Float32Array,
  probes: readonly Float32Array[],
): Promise<Omit<SizeReport, "faces" | "addsPerSecond">> {
  const { tookMs, recall } = await timeSearches(gallery, probes, vectors, COUNT);
  const { work, whole } = await timeMatchStage(stores.broker, gallery, manifest, probes);
  const memory = gallery.name === "nats" ? await measureReplica(stores) : undefined;
  const other = await stores.open();
  const visibleMs = await measureVisibility(gallery, other, probes);
  await other.close();
  return {
    recall,
    searchMs: quantiles(tookMs),
    stageMs: quantiles(work),
    wholeMs: quantiles(whole),
    visibleMs,
    ...(memory ? { memory } : {}),
  };
}

function quantiles(values: readonly number[]): Quantiles {
  return { p50: median(values), p99: percentile(values, 0.99) };
}
