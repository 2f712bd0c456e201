export * from "./stage.js";
export * from "./blobs.js";
