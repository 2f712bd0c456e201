export * from "./manifest.js";
export * from "./model.js";
