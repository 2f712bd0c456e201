import { isCoreStage } from "@similarfaces/contracts";
import { announcementOf, findAnalyzer, packsOf } from "@similarfaces/inference";
import { openBlobs, runService } from "@similarfaces/runtime";
import { readConfig } from "./config.js";
import { startProvision } from "./startProvision.js";

await runService(process.env, {
  name: "provision",
  emitters: [],
  readConfig,
  async start({ config, broker, metrics, log, signal }) {
    const { replicas, jobTtlMs, stages } = config;
    const names = stages.filter((stage) => !isCoreStage(stage));
    const found = await Promise.all(names.map((name) => findAnalyzer(packsOf(config), name)));
    const standing = found.map(announcementOf);
    const openStores = () => openBlobs(config, broker, { replicas, metrics, log });
    const provision = await startProvision({
      broker,
      log,
      signal,
      replicas,
      jobTtlMs,
      stages,
      standing,
      openStores,
    });
    return { drain: () => provision.close() };
  },
});
