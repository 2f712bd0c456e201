export * from "./manifest.js";
export * from "./model.js";
export * from "./open.js";
export type { ModelServer } from "./drivers/oip.js";
export * from "./packs/list.js";
export * from "./packs/verify.js";
export * from "./packs/pull.js";
export * from "./packs/bench.js";
export * from "./packs/measurementMarkdown.js";
