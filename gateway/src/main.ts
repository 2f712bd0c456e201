import { USUAL_HEALTH_PORT, openBlobs, runService, untilProvisioned } from "@similarfaces/runtime";
import { readConfig } from "./config.js";
import { startGateway } from "./gateway.js";

await runService(process.env, {
  name: "gateway",
  emitters: ["gateway"],
  readConfig,
  usualHealthPort: USUAL_HEALTH_PORT,
  async start({ config, broker, metrics, log, tracing, signal }) {
    // Interest retention drops what is published before a consumer exists.
    for (const stage of config.stages) await untilProvisioned(broker, stage, signal);
    const blobs = await openBlobs(config, broker, { metrics, log });
    const gateway = await startGateway({ config, broker, blobs, log, metrics, tracing });
    return {
      address: { url: gateway.url, driver: gateway.driver },
      unready: () => gateway.unready(),
      async drain() {
        await gateway.close();
        await blobs.close();
      },
    };
  },
});
