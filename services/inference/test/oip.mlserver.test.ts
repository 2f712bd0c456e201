import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openInference, type Inference } from "@similarfaces/inference";
import { haveMlServer, startMlServer, type MlServer } from "./mlserverTool.js";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const NAMES = ["gender", "embed", "detect"];
const FLOAT32 = { usual: "float32", of: {} } as const;
/** Two versions of ONNX Runtime may add in another order; no output is larger than 800 (pixels of a frame). */
const TOLERANCE = 1e-3;

const available = await haveMlServer();

describe.skipIf(!available)(
  "the oip driver with MLServer (Python 3.11 or 3.12 and PyPI are needed once)",
  () => {
    let server: MlServer;
    let local: Inference;
    let remote: Inference;

    beforeAll(async () => {
      server = await startMlServer(
        Object.fromEntries(
          NAMES.map((name) => [`compact-${name}`, join(MODELS, "compact", name, "model.onnx")]),
        ),
      );
      local = await openInference({
        modelsDir: MODELS,
        models: NAMES,
        pack: "compact",
        precision: FLOAT32,
        workers: 1,
      });
      remote = await openInference({
        modelsDir: MODELS,
        models: NAMES,
        pack: "compact",
        precision: FLOAT32,
        workers: 2,
        modelServer: { url: server.url, batchSizeMax: 4, batchWaitMs: 20, readyWithinMs: 60_000 },
      });
    });
    afterAll(async () => {
      await remote?.close();
      await local?.close();
      await server?.stop();
    });

    it.each([
      ["gender", 112, 112],
      ["embed", 112, 112],
      ["detect", 160, 96],
    ] as const)("%s answers as in this process", async (name, width, height) => {
      const pictures = [1, 2, 3].map((seed) => picture(seed, width, height));
      const expected = await Promise.all(
        pictures.map((one) => local.model(name).predict({ ...one, pixels: one.pixels.slice() })),
      );
      const answers = await Promise.all(pictures.map((one) => remote.model(name).predict(one)));
      answers.forEach(({ outputs }, i) => {
        for (const [output, { data, dims }] of Object.entries(outputs)) {
          const reference = expected[i]!.outputs[output]!;
          expect(dims).toEqual(reference.dims);
          const error = Math.max(...data.map((value, at) => Math.abs(value - reference.data[at]!)));
          expect(error).toBeLessThan(TOLERANCE);
        }
      });
    });

    it("a picture that is too small is a failure in words, before it is sent", async () => {
      await expect(remote.model("gender").predict(picture(1, 10, 10))).rejects.toMatchObject({
        code: "model_failed",
        message: expect.stringMatching(
          /^compact-gender@2\.0\.0\+float32: a chip of 10x10 is too small, the model wants 112x112$/,
        ),
      });
    });
  },
);

function picture(seed: number, width: number, height: number) {
  const pixels = new Uint8Array(width * height * 3).map((_, i) => (i * 31 * seed + (i >> 7)) & 255);
  return { pixels, width, height };
}
