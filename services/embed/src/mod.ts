export * from "./embed.js";
