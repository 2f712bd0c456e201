import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import {
  NODE_TYPES,
  findAnalyzers,
  findModels,
  inferenceSettings,
  listPacks,
  packsOf,
} from "@similarfaces/inference";
import { readSettings } from "@similarfaces/runtime";
import { FRAME_SIDE } from "@similarfaces/vision";

const MODELS = fileURLToPath(new URL("..", import.meta.url));
const layout = readFileSync(`${MODELS}/neuron/repository.py`, "utf8");

/** Python has the same few facts; nothing else would notice if they drifted apart. */
it.each(["inf2", "inf1"] as const)(
  "neuron/repository.py compiles for %s what its node type runs",
  (target) => {
    const { batchSizeMax, lanes } = NODE_TYPES[target];
    expect(layout).toContain(`"${target}": {"batch": ${batchSizeMax}, "cores": ${lanes}, `);
  },
);

it("neuron/repository.py knows the pipeline's frame, and every free number and type of our manifests", async () => {
  expect(layout).toMatch(new RegExp(`^FRAME_SIDE = ${FRAME_SIDE}$`, "m"));
  const known = /free = \{(.*)\}/.exec(layout)![1]!;
  const entries = (await listPacks(MODELS)).filter(({ pack }) => pack !== "yunet");
  for (const { manifest } of entries) {
    const { inputs, outputs } = manifest!;
    for (const { shape, dtype } of [...inputs, ...outputs]) {
      for (const side of shape) if (typeof side === "string") expect(known).toContain(`"${side}": `);
      expect(layout).toContain(`"${dtype}": "TYPE_`);
    }
  }
});

const hasPython = spawnSync("python3", ["--version"]).status === 0;

it.skipIf(!hasPython)("neuron/repository.py finds the models that the services find", async () => {
  const folder = await mkdtemp(join(tmpdir(), "similarfaces-packs-"));
  try {
    await cp(`${MODELS}/compact/gender`, join(folder, "one"), { recursive: true });
    await cp(`${MODELS}/compact/age`, join(folder, "pack", "other"), { recursive: true });
    await cp(`${MODELS}/compact/detect`, join(folder, "pack", "detect"), { recursive: true });
    const env = { MODEL_PACKS: "detect=yunet", ANALYZER_PACKS: `${folder}/one, ${folder}/pack` };
    for (const settings of [{}, env]) {
      const choice = packsOf(readSettings(settings, inferenceSettings));
      const found = [...(await findModels(choice, ["detect", "embed"])), ...(await findAnalyzers(choice))];
      expect(modelsOfPython(settings)).toEqual(
        Object.fromEntries(found.map((one) => [one.name, one.folder])),
      );
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

function modelsOfPython(settings: Record<string, string>): unknown {
  const program = "import json, repository; print(json.dumps(repository.models_in_use()))";
  const options = {
    cwd: `${MODELS}/neuron`,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", ...settings },
  };
  return JSON.parse(execFileSync("python3", ["-c", program], { ...options, encoding: "utf8" }));
}
