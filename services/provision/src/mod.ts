export * from "./startProvision.js";
