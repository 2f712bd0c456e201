import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { TASKS, loadManifest } from "@similarfaces/inference";
import { NODE_TYPES } from "@similarfaces/inference";
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

it("neuron/repository.py knows the pipeline's frame, every task, and every free number and type of the manifests", async () => {
  expect(layout).toMatch(new RegExp(`^FRAME_SIDE = ${FRAME_SIDE}$`, "m"));
  expect(layout).toContain(`TASKS = ${TASKS.map((task) => `"${task}"`).join(", ")}\n`);
  const known = /free = \{(.*)\}/.exec(layout)![1]!;
  for (const task of TASKS) {
    const { inputs, outputs } = await loadManifest(MODELS, "compact", task);
    for (const { shape, dtype } of [...inputs, ...outputs]) {
      for (const side of shape) if (typeof side === "string") expect(known).toContain(`"${side}": `);
      expect(layout).toContain(`"${dtype}": "TYPE_`);
    }
  }
});
