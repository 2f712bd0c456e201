export * from "./manifest.js";
export * from "./model.js";
export * from "./open.js";
