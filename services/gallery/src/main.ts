import { isGalleryStage } from "@similarfaces/contracts";
import { openBlobs, runService, untilProvisioned } from "@similarfaces/runtime";
import { readConfig } from "./config.js";
import { startMatch } from "./startMatch.js";

await runService(process.env, {
  name: "match",
  emitters: ["stage", "match"],
  readConfig,
  async start(context) {
    const { config, broker, metrics, log, signal } = context;
    // `provision` makes the stores with their copies, and the consumers after them; opened here before, a store would get one copy.
    // The broker lets this process see its own consumers only.
    const own = config.stages.filter(isGalleryStage);
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
