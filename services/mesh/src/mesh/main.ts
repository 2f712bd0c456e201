import { createAnalyzer } from "@similarfaces/analyze";
import { ANALYZERS, type StageName } from "@similarfaces/contracts";
import { createEmbed } from "@similarfaces/embed";
import { createExtract } from "@similarfaces/extract";
import { startGateway } from "@similarfaces/gateway";
import { TASKS, concurrencyOf, openModels, type Inference } from "@similarfaces/inference";
import { startMatch } from "@similarfaces/gallery";
import {
  USUAL_HEALTH_PORT,
  openBlobs,
  provision,
  redeliverRewound,
  runService,
  runStage,
  type Blobs,
  type Stage,
  type StageWork,
} from "@similarfaces/runtime";
import { readConfig, type Config } from "./config.js";

/**
 * Chips in flight per inference worker and stage. Elsewhere two are enough, and more would be kept from other replicas; this process
 * is all there is, and asks the broker half as often for twice as many. Photos stay at two: one may take 180 MB.
 */
const CHIPS_PER_WORKER = 4;

/** Gateway and all stages in one process, with one pool of inference workers between them. */
await runService(process.env, {
  name: "mesh",
  emitters: ["gateway", "stage", "inference", "match"],
  readConfig,
  usualHealthPort: USUAL_HEALTH_PORT,
  async start({ config, broker, metrics, log, tracing, signal }) {
    const { stages, jobTtlMs, graceMs } = config;
    const [inference, blobs] = await Promise.all([
      openModels(
        TASKS.filter((task) => stages.includes(stageOf(task))),
        { config, metrics, tracing, signal },
      ),
      // Stores before streams, as provisionMain does it.
      openBlobs(config, broker, { replicas: 1, metrics, log }).then(async (opened) => {
        await provision(broker, { replicas: 1, jobTtlMs, stages });
        return opened;
      }),
    ]);
    const looking = new AbortController();
    broker.onReconnect(() => void redeliverRewound(broker, stages, log, looking.signal));
    void redeliverRewound(broker, stages, log, looking.signal);
    // Before the stages: where it cannot have its port, no delivery has been begun in vain.
    const gateway = await startGateway({ config, broker, blobs, log, metrics, tracing });
    const hasGallery = stages.includes("match") || stages.includes("enrol");
    const [match, ...running] = await Promise.all([
      hasGallery ? startMatch({ config, broker, blobs, metrics, log, tracing, signal }) : undefined,
      ...stagesOf(config, inference, blobs).map((stage) =>
        runStage(stage, {
          broker,
          concurrency:
            stage.name === "extract" ? concurrencyOf(config) : concurrencyOf(config, CHIPS_PER_WORKER),
          graceMs,
          metrics,
          log,
          tracing,
        }),
      ),
    ]);
    return {
      address: { url: gateway.url, driver: gateway.driver },
      unready: () => gateway.unready() ?? match?.unready?.(),
      async drain() {
        looking.abort();
        // Viewers stay connected while the stages finish what they hold; a photo accepted now would wait for the next start.
        gateway.refuse();
        await Promise.all([match?.drain(), ...running.map((stage) => stage.drain())]);
        await gateway.close();
        await inference.close();
        await blobs.close();
      },
    };
  },
});

function stageOf(task: (typeof TASKS)[number]): StageName {
  return task === "detect" ? "extract" : task;
}

function stagesOf({ stages, facesMax }: Config, inference: Inference, blobs: Blobs): Stage<StageWork>[] {
  const all = [
    ["extract", () => createExtract({ inference, blobs, facesMax })],
    ["embed", () => createEmbed({ inference })],
    ...ANALYZERS.map((name) => [name, () => createAnalyzer(name, { inference })] as const),
  ] as readonly (readonly [StageName, () => Stage<StageWork>])[];
  return all.filter(([name]) => stages.includes(name)).map(([, create]) => create());
}
