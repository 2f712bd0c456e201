import { readFileSync } from "node:fs";
import { ConfigError, readSettings } from "@similarfaces/runtime";
import { expect, it } from "vitest";
import { inferenceSettings } from "../src/service/inferenceSettings.js";

it("packs are mixed by model, and others stand beside the one in use", () => {
  const { modelPacks } = readSettings({ MODEL_PACKS: "detect=yunet, embed=mine" }, inferenceSettings);
  expect(modelPacks).toEqual({ detect: "yunet", embed: "mine" });
  expect(() => readSettings({ MODEL_PACKS: "yunet" }, inferenceSettings)).toThrow(ConfigError);
  expect(() => readSettings({ MODEL_PACKS: "Taste=yunet" }, inferenceSettings)).toThrow(ConfigError);
  const { analyzerPacks } = readSettings({ ANALYZER_PACKS: " extra, ./own/taste," }, inferenceSettings);
  expect(analyzerPacks).toEqual(["extra", "./own/taste"]);
});

it("the README names every key", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const keys = Object.values(inferenceSettings).map(({ key }) => key);
  expect(keys.filter((key) => !readme.includes(`\`${key}\``))).toEqual([]);
});
