import { runModelService } from "@similarfaces/inference";
import { openBlobs } from "@similarfaces/runtime";
import { extractSettings } from "./config.js";
import { createExtract } from "./extract.js";

await runModelService(process.env, {
  name: "extract",
  settings: extractSettings,
  stageName: () => "extract",
  models: () => ["detect", "refine"],
  async createStage({ config, broker, inference, metrics, log }) {
    const blobs = await openBlobs(config, broker, { metrics, log });
    const { facesMax, faceScoreMin, faceFloor } = config;
    return {
      stage: createExtract({ inference, blobs, facesMax, faceScoreMin, faceFloor }),
      unready: () => blobs.fault(),
      close: () => blobs.close(),
    };
  },
});
