import { describe, expect, it } from "vitest";
import { readFileSync } from "node:fs";
import { runtimeSettings, stagesSetting } from "../src/settings/runtimeSettings.js";
import { ConfigError, flag, integer, oneOf, readSettings, url } from "../src/settings/settings.js";

const spec = {
  port: integer("PORT", { min: 1, max: 65535, default: 8080 }),
  natsUrl: url("NATS_URL", ["nats", "tls"], { default: "nats://127.0.0.1:4222" }),
  level: oneOf("LOG_LEVEL", ["info", "debug"], { default: "info" }),
  strict: flag("STRICT", { default: false }),
};

describe("readSettings", () => {
  it("takes defaults where a key is unset or empty, and freezes", () => {
    const settings = readSettings({ PORT: "", STRICT: " yes " }, spec);
    expect(settings).toEqual({
      port: 8080,
      natsUrl: "nats://127.0.0.1:4222",
      level: "info",
      strict: true,
    });
    expect(Object.isFrozen(settings)).toBe(true);
  });

  it("reports every bad key together, and never a value", () => {
    const env = { PORT: "secret-port", NATS_URL: "http://secret", LOG_LEVEL: "secret", STRICT: "secret" };
    const error = thrownBy(() => readSettings(env, spec));
    expect(error).toBeInstanceOf(ConfigError);
    const { problems, message } = error as ConfigError;
    expect(problems.map((problem) => problem.split(" ")[0])).toEqual([
      "PORT",
      "NATS_URL",
      "LOG_LEVEL",
      "STRICT",
    ]);
    expect(message).not.toContain("secret");
  });
});

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

it("the README names every key", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const settings = [...Object.values(runtimeSettings), stagesSetting];
  expect(settings.map(({ key }) => key).filter((key) => !readme.includes(`\`${key}\``))).toEqual([]);
});
