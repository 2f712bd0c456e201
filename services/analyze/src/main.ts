import { runModelService } from "@similarfaces/inference";
import { createAnalyzer } from "./analyzer.js";
import { analyzerSettings } from "./config.js";

await runModelService(process.env, {
  name: "analyze",
  settings: analyzerSettings,
  stageName: ({ analyzer }) => analyzer,
  models: ({ analyzer }) => [analyzer],
  createStage: ({ config, inference }) => ({ stage: createAnalyzer(config.analyzer, { inference }) }),
});
