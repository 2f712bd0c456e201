/** What opens models, without the code of a service: for a process that begins with it. */
export type * from "./model.js";
export * from "./open.js";
export * from "./packs/findModels.js";
export * from "./service/inferenceSettings.js";
export * from "./service/observedLater.js";
