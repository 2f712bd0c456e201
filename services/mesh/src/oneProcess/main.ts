import { createAnalyzer } from "@similarfaces/analyze";
import { CORE_MODELS, PROGRAM_OF_MODEL, isGalleryStage } from "@similarfaces/contracts";
import { createEmbed } from "@similarfaces/embed";
import { createExtract } from "@similarfaces/extract";
import { startMatch } from "@similarfaces/gallery";
import { startGateway } from "@similarfaces/gateway";
import { announceModels, concurrencyOf, openModels, packsOf } from "@similarfaces/inference";
import { startProvision } from "@similarfaces/provision";
import { USUAL_HEALTH_PORT, openBlobs, runService, runStage, type Stage } from "@similarfaces/runtime";
import { servedStages } from "./servedStages.js";
import { readConfig } from "./config.js";

/**
 * Chips in flight per inference worker and stage. Elsewhere two are enough, and more would be kept from other replicas; this process
 * is all there is, and asks the broker half as often for twice as many. Photos stay at two: one may take 180 MB.
 */
const CHIPS_PER_WORKER = 4;

/** Provisioning, gateway and all stages in one process, with one pool of inference workers between them. */
await runService(process.env, {
  name: "mesh",
  emitters: ["gateway", "stage", "inference", "match"],
  readConfig,
  usualHealthPort: USUAL_HEALTH_PORT,
  async start({ config, broker, metrics, log, tracing, signal }) {
    const { jobTtlMs, graceMs, facesMax, faceScoreMin, faceFloor } = config;
    const { core, analyzers } = await servedStages(packsOf(config), config.stages);
    const models = [
      ...CORE_MODELS.filter((model) => core.includes(PROGRAM_OF_MODEL[model])),
      ...analyzers.map(({ name }) => name),
    ];
    const [inference, { blobs, provision }] = await Promise.all([
      openModels(models, { config, metrics, log, tracing, signal }),
      // Stores before streams, as the service alone does it.
      openBlobs(config, broker, { replicas: 1, metrics, log }).then(async (blobs) => {
        const made = { replicas: 1, jobTtlMs, stages: core, standing: [] };
        return { blobs, provision: await startProvision({ broker, log, signal, ...made }) };
      }),
    ]);
    // Before the stages: where it cannot have its port, no delivery has been begun in vain.
    const gateway = await startGateway({
      config: { ...config, stages: core },
      broker,
      blobs,
      log,
      metrics,
      tracing,
    });
    const run = (stage: Stage, concurrency: number) =>
      runStage(stage, { broker, concurrency, graceMs, metrics, log, tracing });
    const ofChips = concurrencyOf(config, CHIPS_PER_WORKER);
    // An analyzer's consumer is made for its announcement.
    const announced = await announceModels(models, { config, broker, log, signal });
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
        await inference.close();
        await blobs.close();
      },
    };
  },
});
