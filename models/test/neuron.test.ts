import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { CORE_MODELS } from "@similarfaces/contracts";
import {
  NODE_TYPES,
  findAnalyzers,
  findModels,
  inferenceSettings,
  listPacks,
  loadManifest,
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
  await inFolder(async (folder) => {
    await cp(`${MODELS}/compact/gender`, join(folder, "one"), { recursive: true });
    await cp(`${MODELS}/compact/age`, join(folder, "pack", "other"), { recursive: true });
    await cp(`${MODELS}/compact/detect`, join(folder, "pack", "detect"), { recursive: true });
    const env = { MODEL_PACKS: "detect=yunet", ANALYZER_PACKS: `${folder}/one, ${folder}/pack` };
    for (const settings of [{}, { ANALYZER_PACKS: "compact-attributes,extra" }, env]) {
      const choice = packsOf(readSettings(settings, inferenceSettings));
      const analyzers = await findAnalyzers(choice);
      // Those that an analyzer replaces are served where they are named.
      const named = analyzers.flatMap(({ name, manifest }) => [name, ...(manifest.replaces ?? [])]);
      const found = await findModels(choice, [...CORE_MODELS, ...named]);
      expect(inPython("repository.models_in_use()", settings)).toEqual(
        Object.fromEntries(found.map((one) => [one.name, one.folder])),
      );
    }
  });
});

it.skipIf(!hasPython)("every model is served under its manifest's id, in batches of the node type", () => {
  const configs =
    "{one: repository.config('inf2', repository.manifest_in(one)) for one in repository.models_in_use().values()}";
  const { batchSizeMax } = NODE_TYPES.inf2;
  for (const [folder, config] of Object.entries(inPython(configs) as Record<string, string>)) {
    const { id, task } = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as Record<
      string,
      string
    >;
    expect(config).toMatch(`name: "${id}"\nbackend: "python"\nmax_batch_size: 0\n`);
    expect(config).toContain(`dims: [ ${task === "detect" ? 1 : batchSizeMax}, `);
  }
});

it.skipIf(!hasPython)(
  "the compiled detector's manifest has the float32 variant alone, at one frame",
  async () => {
    await inFolder(async (packs) => {
      const manifest = `repository.float32_of(repository.manifest_in("${MODELS}/compact/detect"))`;
      inPython(`repository.write_detector("inf2", ${manifest}, "${packs}")`);
      const { variants, inputs } = await loadManifest(join(packs, "inf2", "detect"));
      expect(variants.map(({ precision }) => precision)).toEqual(["float32"]);
      expect(inputs[0].shape).toEqual([1, FRAME_SIDE, FRAME_SIDE, 3]);
    });
  },
);

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "similarfaces-packs-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What an expression of repository.py gives. */
function inPython(expression: string, settings: Record<string, string> = {}): unknown {
  const program = `import json, repository; print(json.dumps(${expression}))`;
  const options = {
    cwd: `${MODELS}/neuron`,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", ...settings },
  };
  return JSON.parse(execFileSync("python3", ["-c", program], { ...options, encoding: "utf8" }));
}
