import { expect, it, vi } from "vitest";
import { modelFailed, type Inference, type Manifest } from "@similarfaces/inference";
import { letterbox, type Picture } from "@similarfaces/vision";
import { secondLookOf } from "../src/faces/look.js";
import type { Proposal } from "../src/faces/propose.js";

const picture: Picture = { pixels: new Uint8Array(400 * 400 * 3), width: 400, height: 400 };
const at = (x: number, y: number) => ({ x, y });
const found = {
  score: 0.2,
  box: { x: 100, y: 100, width: 100, height: 100 },
  landmarks: {
    leftEye: at(130, 130),
    rightEye: at(170, 130),
    nose: at(150, 150),
    leftMouth: at(135, 175),
    rightMouth: at(165, 175),
  },
};
const frame = letterbox(picture, 400, 32);
const crowd = Array.from({ length: 128 }, (): Proposal => ({ ...found, found, picture, frame }));

it("a photo of which one look fails is looked at no further", async () => {
  const predict = vi.fn(async () => Promise.reject(modelFailed("the worker ended while it computed")));
  // The second lane's look is still under way when the first one's fails.
  let answer = () => {};
  predict.mockImplementationOnce(
    () =>
      new Promise((resolve) => {
        const outputs = { score: zeros(8), points: zeros(80) };
        answer = () => resolve({ outputs, startedAtMs: 0, finishedAtMs: 0 } as never);
      }),
  );
  const manifest = { thresholds: { score: 0.55 } } as Manifest;
  const refine = { name: "refine@1", precision: "int8" as const, manifest, predict };
  const inference: Inference = {
    driver: "onnx",
    model: () => refine,
    load: () => ({ workers: 2, busy: 0, waiting: 0 }),
    close: async () => {},
  };
  const looking = secondLookOf(inference).facesOf(crowd, 0.55, {});
  await expect(looking).rejects.toMatchObject({ code: "model_failed" });
  const asked = predict.mock.calls.length;
  answer();
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(predict).toHaveBeenCalledTimes(asked);
});

const zeros = (length: number) => ({ data: new Float32Array(length), dims: [length] });
