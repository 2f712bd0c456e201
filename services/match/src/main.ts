import { openBlobs, runService } from "@similarfaces/runtime";
import { readConfig } from "./config.js";
import { startMatch } from "./startMatch.js";

await runService(process.env, {
  name: "match",
  emitters: ["stage", "match"],
  readConfig,
  async start(context) {
    const { config, broker, metrics } = context;
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
