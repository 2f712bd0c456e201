/** Configuration alone, for programs that must be up at once and talk to no broker. */
export * from "./settings.js";
export * from "./runtimeSettings.js";
