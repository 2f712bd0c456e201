import { openInference } from "@similarfaces/inference";
import {
  concurrencyOf,
  inferenceObserver,
  modelServerOf,
  runService,
  runStage,
  untilProvisioned,
} from "@similarfaces/runtime";
import { readConfig } from "./config.js";
import { createAnalyzer } from "./analyzer.js";

await runService(process.env, {
  name: "analyze",
  emitters: ["stage", "inference"],
  readConfig,
  async start({ config, broker, metrics, log, tracing, signal }) {
    const { analyzer, graceMs } = config;
    const inference = await openInference({
      modelsDir: config.modelsDir,
      tasks: [analyzer],
      pack: config.modelPack,
      packs: config.modelPacks,
      workers: config.inferenceWorkers,
      modelServer: modelServerOf(config),
      signal,
      ...inferenceObserver(metrics, tracing),
    });
    await untilProvisioned(broker, analyzer, signal);
    const concurrency = concurrencyOf(config);
    const stage = await runStage(createAnalyzer(analyzer, { inference }), {
      broker,
      concurrency,
      graceMs,
      metrics,
      log,
      tracing,
    });
    return {
      async drain() {
        await stage.drain();
        await inference.close();
      },
    };
  },
});
