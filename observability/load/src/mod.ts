export * from "./arrivals.js";
export * from "./compare.js";
export * from "./elasticsearchServer.js";
export * from "./mix.js";
export { summarise, table, type LoadReport, type Percentiles } from "./report.js";
export * from "./run.js";
export * from "./saturate.js";
export * from "./usage.js";
export * from "./viewer.js";
