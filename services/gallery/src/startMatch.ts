import {
  NODE_TYPES,
  inFlightMax,
  findModel,
  namesInOneSpace,
  type NodeTypeName,
  type PrecisionChoice,
} from "@similarfaces/inference";
import {
  runStage,
  untilProvisioned,
  type Blobs,
  type Broker,
  type Log,
  type Metrics,
  type RunningStage,
  type Service,
  type Stage,
  type StageWork,
  type Tracing,
} from "@similarfaces/runtime";
import type { StageName } from "@similarfaces/contracts";
import { createEnrol } from "./stages/enrol.js";
import { runDeletions } from "./service/deletionRunner.js";
import { serveGallery } from "./service/galleryService.js";
import { openGallery, type GalleryConfig } from "./operations/openGallery.js";
import { likenessOf } from "./stages/likeness.js";
import { createMatch } from "./stages/match.js";
import { sweepPortraits } from "./service/portraitSweeper.js";

export interface MatchConfig extends GalleryConfig {
  nodeType: NodeTypeName;
  stageConcurrency: number;
  graceMs: number;
  modelsDir: string;
  modelPack: string;
  modelPacks: Readonly<Record<string, string>>;
  modelPrecision: PrecisionChoice;
  stages: readonly StageName[];
}

export interface StartMatchOptions {
  config: MatchConfig;
  broker: Broker;
  /** Where portraits are; not closed here. */
  blobs: Blobs;
  metrics: Metrics;
  log: Log;
  tracing?: Tracing;
  signal: AbortSignal;
}

const FACES_COUNTED_EVERY_MS = 5_000;

/** Everything that needs the gallery: the stages `match` and `enrol`, and the service that answers questions about it. */
export async function startMatch(options: StartMatchOptions): Promise<Service> {
  const { config, broker, blobs, metrics, log, tracing, signal } = options;
  // The embedder runs in another process; its manifest names the model and calibrates the cosines.
  const { modelsDir, modelPack: pack, modelPacks: packs } = config;
  const embedder = await findModel({ modelsDir, pack, packs, precision: config.modelPrecision }, "embed");
  const likeness = likenessOf(embedder.manifest);
  const models = namesInOneSpace(embedder.manifest, embedder.variant);
  const gallery = await openGallery({ config, broker, blobs, models, metrics, log, signal });
  const service = serveGallery({ broker, gallery, likeness, log, ...(tracing ? { tracing } : {}) });
  const loop = {
    broker,
    concurrency: config.stageConcurrency || inFlightMax(NODE_TYPES[config.nodeType], "match"),
    graceMs: config.graceMs,
    metrics,
    log,
    ...(tracing ? { tracing } : {}),
  };
  const running = await Promise.all([
    ...(config.stages.includes("match") ? [run(createMatch({ gallery, likeness }))] : []),
    ...(config.stages.includes("enrol") ? [run(createEnrol({ gallery }))] : []),
  ]);
  const sweeper = sweepPortraits(gallery, log);
  const deletions = runDeletions(gallery, log);
  const counting = setInterval(() => void countFaces(), FACES_COUNTED_EVERY_MS).unref();
  await sayWhatIsNotSearched();
  await countFaces();

  async function run<Work extends StageWork>(stage: Stage<Work>): Promise<RunningStage> {
    await untilProvisioned(broker, stage.name, signal);
    return runStage(stage, loop);
  }

  // Where asking fails, that is counted by the operation itself.
  async function countFaces(): Promise<void> {
    const statistics = await gallery.statistics().catch(() => undefined);
    if (!statistics) return;
    const { driver } = gallery;
    const apart = statistics.notSearched.reduce((sum, { faces }) => sum + faces, 0);
    metrics.galleryFaces.set({ driver, searched: "true" }, statistics.faces - apart);
    metrics.galleryFaces.set({ driver, searched: "false" }, apart);
  }

  async function sayWhatIsNotSearched(): Promise<void> {
    const statistics = await gallery.statistics().catch(() => undefined);
    const apart = statistics?.notSearched.map(({ model, faces }) => `${faces} faces of ${model}`) ?? [];
    if (apart.length > 0) log.warn(`${apart.join(", ")} are not searched: npm run gallery -- re-enrol`);
  }

  return {
    unready: () => blobs.fault() ?? (gallery.ready() ? undefined : "the gallery is away"),
    async drain() {
      clearInterval(counting);
      await Promise.all([sweeper.stop(), deletions.stop()]);
      await Promise.all([...running.map((stage) => stage.drain()), service.drain()]);
      await gallery.close();
    },
  };
}
