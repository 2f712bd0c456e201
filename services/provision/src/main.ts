import { isCoreStage, type Announcement } from "@similarfaces/contracts";
import { announcementOf, findAnalyzer, type FoundAnalyzer, type PackChoice } from "@similarfaces/inference";
import { openBlobs, runService } from "@similarfaces/runtime";
import { readConfig } from "./config.js";
import { startProvision } from "./startProvision.js";

await runService(process.env, {
  name: "provision",
  emitters: [],
  readConfig,
  async start({ config, broker, metrics, log, signal }) {
    const { replicas, jobTtlMs, stages } = config;
    const { modelsDir, modelPack: pack, modelPacks: packs, analyzerPacks } = config;
    // No MODEL_PRECISION: this process runs none of them, and where they run the processor may be another.
    const choice: PackChoice = { modelsDir, pack, packs, analyzerPacks };
    const names = stages.filter((stage) => !isCoreStage(stage));
    const found = await Promise.all(names.map((name) => findAnalyzer(choice, name)));
    const standing = found.map(announcementOfNone);
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

/** Of an analyzer of which none may run: no variant is named. */
function announcementOfNone(found: FoundAnalyzer): Announcement {
  const announcement = announcementOf(found);
  announcement.model!.precision = "";
  return announcement;
}
