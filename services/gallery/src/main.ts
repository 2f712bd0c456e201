import { openBlobs, runService, untilProvisioned } from "@similarfaces/runtime";
import { readConfig } from "./config.js";
import { startMatch } from "./startMatch.js";

await runService(process.env, {
  name: "match",
  emitters: ["stage", "match"],
  readConfig,
  async start(context) {
    const { config, broker, metrics, log, signal } = context;
    // Stores are made with their copies by who provisions; this process would make them with one.
    // Consumers come last, and this process may ask for its own alone.
    const own = config.stages.filter((stage) => stage === "match" || stage === "enrol");
    for (const stage of own) await untilProvisioned(broker, stage, signal);
    const blobs = await openBlobs(config, broker, { metrics, log });
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
