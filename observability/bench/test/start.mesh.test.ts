import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { benchStart } from "../src/start.js";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));

it(
  "starts the mesh as a person does, and waits for a photo's last answer",
  { timeout: 120_000 },
  async () => {
    const { first, starts, median } = await benchStart({ modelsDir: MODELS, starts: 1 });
    for (const { ready, faces, lastAnswer } of [first, ...starts]) {
      expect(ready).toBeGreaterThan(0);
      expect(faces).toBeGreaterThan(ready);
      expect(lastAnswer).toBeGreaterThanOrEqual(faces);
    }
    expect(median).toEqual(starts[0]);
  },
);
