export * from "./extract.js";
export { extractSettings } from "./config.js";
