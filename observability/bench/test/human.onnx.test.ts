import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { REQUIRE_ALL } from "../../../services/runtime/test/goTool.js";
import { fetchHuman } from "../src/human/fetchHuman.js";
import { startHuman } from "../src/human/humanProcess.js";
import { readMix } from "../src/pipeline.js";

const folder = await fetchHuman().catch((error: unknown) => {
  if (REQUIRE_ALL) throw error;
  return undefined;
});

describe("vladmandic/human", { timeout: 120_000 }, () => {
  it("is locked: every package has a version and its integrity", () => {
    const lock = new URL("../src/human/locked/package-lock.json", import.meta.url);
    const { packages } = JSON.parse(readFileSync(lock, "utf8")) as {
      packages: Record<string, { version?: string; integrity?: string }>;
    };
    const fetched = Object.entries(packages).filter(([path]) => path !== "");
    expect(fetched.map(([path]) => path)).toContain("node_modules/@vladmandic/human");
    for (const [path, { version, integrity }] of fetched) {
      expect({ path, version, integrity }).toEqual({
        path,
        version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
        integrity: expect.stringMatching(/^sha512-/) as string,
      });
    }
  });

  it.skipIf(!folder)(
    "finds the face of a portrait with the models that the comparison names, and counts its time",
    async () => {
      const modelsDir = fileURLToPath(new URL("../../../models", import.meta.url));
      const photos = await readMix({ modelsDir, mix: "portrait-1" });
      const human = await startHuman(folder!);
      try {
        expect(human.version).toMatch(/^human 3\.3\.6, tfjs 4\.22\.0 \(wasm\)$/);
        expect(human.models.toSorted()).toEqual(["blazeface", "emotion", "faceres"]);
        expect(await human.facesIn(photos[0]!.bytes)).toBe(1);
        const round = await human.round(photos, 300);
        expect(round.photosInAll).toBeGreaterThan(0);
        expect(round.cpuSeconds).toBeGreaterThan(0);
      } finally {
        await human.close();
      }
    },
  );
});
