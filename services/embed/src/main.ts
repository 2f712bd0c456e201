import { runModelService } from "@similarfaces/inference";
import { createEmbed } from "./embed.js";

await runModelService(process.env, {
  name: "embed",
  settings: {},
  stageName: () => "embed",
  models: () => ["embed"],
  createStage: ({ inference }) => ({ stage: createEmbed({ inference }) }),
});
