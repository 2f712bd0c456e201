import { NODE_TYPES, inFlightMax, findModel, modelName, type NodeTypeName } from "@similarfaces/inference";
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
  const { manifest } = await findModel({ modelsDir, pack, packs }, "embed");
  const likeness = likenessOf(manifest);
  const model = modelName(manifest);
  const gallery = await openGallery({ config, broker, blobs, model, metrics, log, signal });
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
  const counting = setInterval(() => void countFaces(), FACES_COUNTED_EVERY_MS).unref();
  await countFaces();

  async function run<Work extends StageWork>(stage: Stage<Work>): Promise<RunningStage> {
    await untilProvisioned(broker, stage.name, signal);
    return runStage(stage, loop);
  }

  async function countFaces(): Promise<void> {
    // A failure is counted and logged by the operation itself.
    const statistics = await gallery.statistics().catch(() => undefined);
    if (statistics) metrics.galleryFaces.set({ driver: gallery.driver }, statistics.faces);
  }

  return {
    unready: () => blobs.fault() ?? (gallery.ready() ? undefined : "the gallery is away"),
    async drain() {
      clearInterval(counting);
      await sweeper.stop();
      await Promise.all([...running.map((stage) => stage.drain()), service.drain()]);
      await gallery.close();
    },
  };
}
