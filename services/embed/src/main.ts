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
import { createEmbed } from "./embed.js";

await runService(process.env, {
  name: "embed",
  emitters: ["stage", "inference"],
  readConfig,
  async start({ config, broker, metrics, log, tracing, signal }) {
    const inference = await openInference({
      modelsDir: config.modelsDir,
      tasks: ["embed"],
      pack: config.modelPack,
      packs: config.modelPacks,
      workers: config.inferenceWorkers,
      modelServer: modelServerOf(config),
      signal,
      ...inferenceObserver(metrics, tracing),
    });
    await untilProvisioned(broker, "embed", signal);
    const { graceMs } = config;
    const concurrency = concurrencyOf(config);
    const stage = await runStage(createEmbed({ inference }), {
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
