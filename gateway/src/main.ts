import { hasConsumer, isCoreStage } from "@similarfaces/contracts";
import { USUAL_HEALTH_PORT, openBlobs, runService, untilProvisioned } from "@similarfaces/runtime";
import { readConfig } from "./config.js";
import { startGateway } from "./gateway.js";

await runService(process.env, {
  name: "gateway",
  emitters: ["gateway"],
  readConfig,
  usualHealthPort: USUAL_HEALTH_PORT,
  async start({ config, broker, metrics, log, tracing, signal }) {
    // Interest retention drops what is published before a consumer exists; an analyzer has its own before it announces itself.
    const core = config.stages.filter(isCoreStage).filter(hasConsumer);
    for (const stage of core) await untilProvisioned(broker, stage, signal);
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
