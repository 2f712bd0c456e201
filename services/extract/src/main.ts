import { openInference } from "@similarfaces/inference";
import {
  concurrencyOf,
  inferenceObserver,
  modelServerOf,
  openBlobs,
  runService,
  runStage,
  untilProvisioned,
} from "@similarfaces/runtime";
import { readConfig } from "./config.js";
import { createExtract } from "./extract.js";

await runService(process.env, {
  name: "extract",
  emitters: ["stage", "inference"],
  readConfig,
  async start({ config, broker, metrics, log, tracing, signal }) {
    const inference = await openInference({
      modelsDir: config.modelsDir,
      tasks: ["detect"],
      pack: config.modelPack,
      packs: config.modelPacks,
      workers: config.inferenceWorkers,
      modelServer: modelServerOf(config),
      signal,
      ...inferenceObserver(metrics, tracing),
    });
    await untilProvisioned(broker, "extract", signal);
    const { facesMax, graceMs } = config;
    const blobs = await openBlobs(config, broker, { metrics, log });
    const concurrency = concurrencyOf(config);
    const stage = await runStage(createExtract({ inference, blobs, facesMax }), {
      broker,
      concurrency,
      graceMs,
      metrics,
      log,
      tracing,
    });
    return {
      unready: () => blobs.fault(),
      async drain() {
        await stage.drain();
        await inference.close();
        await blobs.close();
      },
    };
  },
});
