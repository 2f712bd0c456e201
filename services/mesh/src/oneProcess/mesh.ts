import { createAnalyzer } from "@similarfaces/analyze";
import { isGalleryStage } from "@similarfaces/contracts";
import { createEmbed } from "@similarfaces/embed";
import { createExtract } from "@similarfaces/extract";
import { startMatch } from "@similarfaces/gallery";
import { startGateway } from "@similarfaces/gateway";
import { announceModels, concurrencyOf, inferenceObserver, modelsLine } from "@similarfaces/inference";
import { startProvision } from "@similarfaces/provision";
import {
  USUAL_HEALTH_PORT,
  openBlobs,
  runService,
  runStage,
  type Environment,
  type Stage,
} from "@similarfaces/runtime";
import { readConfig } from "./config.js";
import type { Opening } from "./servedModels.js";

/**
 * Chips in flight per inference worker and stage. Elsewhere two are enough, and more would be kept from other replicas; this process
 * is all there is, and asks the broker half as often for twice as many. Photos stay at two: one may take 180 MB.
 */
const CHIPS_PER_WORKER = 4;

/**
 * Provisioning, gateway and all stages in one process, with one pool of inference workers between them, from its settings to its exit code.
 * Called once, by main.ts, which has begun to open the models.
 */
export function runMesh(env: Environment, opening: Opening): Promise<void> {
  return runService(env, {
    name: "mesh",
    emitters: ["gateway", "stage", "inference", "match"],
    readConfig,
    usualHealthPort: USUAL_HEALTH_PORT,
    release: () => opening.close(),
    async start({ config, broker, metrics, log, tracing, signal }) {
      const { jobTtlMs, graceMs, facesMax, faceScoreMin, faceFloor } = config;
      signal.addEventListener("abort", opening.giveUp);
      opening.observe(inferenceObserver(metrics, tracing));
      const { core, analyzers, models } = await opening.served;
      const [inference, { blobs, provision }] = await Promise.all([
        opening.inference,
        // Stores before streams, as the service alone does it.
        openBlobs(config, broker, { replicas: 1, metrics, log }).then(async (blobs) => {
          const made = { replicas: 1, jobTtlMs, stages: core, standing: [] };
          return { blobs, provision: await startProvision({ broker, log, signal, ...made }) };
        }),
      ]);
      const names = models.map(({ name }) => name);
      log.info(`models: ${modelsLine(inference, names)}`);
      const [gateway, announced] = await Promise.all([
        startGateway({ config: { ...config, stages: core }, broker, blobs, log, metrics, tracing }),
        // An analyzer's consumer is made for its announcement.
        announceModels(models, { broker, log, signal }),
      ]);
      const run = (stage: Stage, concurrency: number) =>
        runStage(stage, { broker, concurrency, graceMs, metrics, log, tracing });
      const ofChips = concurrencyOf(config, CHIPS_PER_WORKER);
      // After the gateway: where it cannot have its port, no delivery has been begun in vain.
      const [match, ...running] = await Promise.all([
        core.some(isGalleryStage)
          ? startMatch({ config: { ...config, stages: core }, broker, blobs, metrics, log, tracing, signal })
          : undefined,
        run(createExtract({ inference, blobs, facesMax, faceScoreMin, faceFloor }), concurrencyOf(config)),
        ...(core.includes("embed") ? [run(createEmbed({ inference }), ofChips)] : []),
        ...analyzers.map(({ name }) => run(createAnalyzer(name, { inference }), ofChips)),
      ]);
      return {
        address: { url: gateway.url, driver: gateway.driver },
        unready: () => gateway.unready() ?? match?.unready?.(),
        async drain() {
          // Viewers stay connected while the stages finish what they hold; a photo accepted now would wait for the next start.
          gateway.refuse();
          announced.close();
          await Promise.all([match?.drain(), ...running.map((stage) => stage.drain())]);
          await gateway.close();
          await provision.close();
          await blobs.close();
        },
      };
    },
  });
}
