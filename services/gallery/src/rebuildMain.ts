import { createLog, readSettings } from "@similarfaces/runtime";
import { rebuildIndex } from "./drivers/elasticsearch/rebuild.js";
import { elasticsearchSettings } from "./drivers/elasticsearch/settings.js";

/** Rebuilds the gallery's index after ELASTICSEARCH_INDEX_KIND was changed: `node services/gallery/dist/rebuildMain.js`. */
const config = readSettings(process.env, elasticsearchSettings);
const log = createLog({ service: "match", level: "info" });
if (!config.elasticsearchUrl) throw new Error("ELASTICSEARCH_URL is required");

let loggedAtMs = 0;
const built = await rebuildIndex(
  {
    url: config.elasticsearchUrl,
    apiKey: config.elasticsearchApiKey,
    index: config.elasticsearchIndex,
    kind: config.elasticsearchIndexKind,
  },
  {
    log,
    onProgress(done, of) {
      if (Date.now() - loggedAtMs < 5_000) return;
      loggedAtMs = Date.now();
      log.info({ done, of }, "rebuilding the gallery's index");
    },
  },
);
log.info({ ...built, kind: config.elasticsearchIndexKind }, "the gallery's index is rebuilt");
