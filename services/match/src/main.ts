import { openBlobs, runService, untilProvisioned } from "@similarfaces/runtime";
import { readConfig } from "./config.js";
import { startMatch } from "./startMatch.js";

await runService(process.env, {
  name: "match",
  emitters: ["stage", "match"],
  readConfig,
  async start(context) {
    const { config, broker, metrics, signal } = context;
    // Stores are made with their copies by who provisions; this process would make them with one.
    for (const stage of config.stages) await untilProvisioned(broker, stage, signal);
    const blobs = await openBlobs(config, broker, { metrics });
    const match = await startMatch({ ...context, blobs });
    return {
      ...match,
      async drain() {
        await match.drain();
        await blobs.close();
      },
    };
  },
});
