import { readFileSync } from "node:fs";
import { ConfigError, readSettings } from "@similarfaces/runtime";
import { expect, it } from "vitest";
import { inferenceSettings } from "../src/inferenceSettings.js";

it("packs are mixed by task", () => {
  const { modelPacks } = readSettings({ MODEL_PACKS: "detect=yunet, embed=mine" }, inferenceSettings);
  expect(modelPacks).toEqual({ detect: "yunet", embed: "mine" });
  expect(() => readSettings({ MODEL_PACKS: "taste=yunet" }, inferenceSettings)).toThrow(ConfigError);
});

it("the README names every key", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const keys = Object.values(inferenceSettings).map(({ key }) => key);
  expect(keys.filter((key) => !readme.includes(`\`${key}\``))).toEqual([]);
});
