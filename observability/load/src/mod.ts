export * from "./arrivals.js";
export * from "./elasticsearchServer.js";
export * from "./mix.js";
export * from "./report.js";
export * from "./run.js";
export * from "./viewer.js";
