import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openInference, type Inference, type InferenceOptions } from "@similarfaces/inference";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const FLOAT32 = { usual: "float32", of: {} } as const;
let inference: Inference | undefined;

afterEach(async () => {
  await inference?.close();
  inference = undefined;
});

describe("the worker pool", () => {
  it("has run every model once when it opens, and gives the same answer every time", async () => {
    const loaded: string[] = [];
    inference = await open(["age", "gender"], 2, { onLoad: ({ name }) => loaded.push(name) });
    expect(new Set(loaded)).toEqual(new Set(["compact-age@2.0.0+float32", "compact-gender@2.0.0+float32"]));
    const [first, second] = await Promise.all([gender(90), gender(90)]);
    expect(first).toEqual(second);
    expect(first[0]! + first[1]!).toBeCloseTo(1, 5);
  });

  it("refuses an analyzer that is too slow for its share, in words that name a way out, but lets it have a pool of its own", async () => {
    // No graph runs in a hundred-thousandth of a millisecond.
    const bound = { analyzerMsMax: 0.00001 };
    await expect(open(["detect", "gender"], 1, bound)).rejects.toThrow(
      /gender\/model\.onnx: takes \d+\.\d ms for a chip, in a pool that it shares 0\.00001 are allowed \(ANALYZER_MS_MAX\).*ANALYZER=gender node /,
    );
    inference = await open(["gender"], 1, bound);
    expect(await gender(90)).toHaveLength(2);
  });

  it("takes the lowest priority first, whatever came first", async () => {
    inference = await open(["gender"], 1);
    const order: string[] = [];
    const predict = (name: string, priority: number) =>
      inference!
        .model("gender")
        .predict(chip(), { priority })
        .then(() => order.push(name));
    // The first is in the worker at once; the others wait and are ordered.
    await Promise.all([
      predict("running", 9),
      predict("later", 200),
      predict("sooner", 100),
      predict("equal", 200),
    ]);
    expect(order).toEqual(["running", "sooner", "later", "equal"]);
  });

  it("drops a request that is called off while it waits", async () => {
    inference = await open(["gender"], 1);
    const stop = new AbortController();
    const running = inference.model("gender").predict(chip());
    const waiting = inference.model("gender").predict(chip(), { signal: stop.signal });
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: "model_failed" });
    await running;
    expect(inference.load()).toEqual({ workers: 1, busy: 0, waiting: 0 });
  });

  it("answers a graph's error with a failure and goes on", async () => {
    inference = await open(["gender"], 1);
    const tooSmall = { pixels: new Uint8Array(3), width: 1, height: 1 };
    await expect(inference.model("gender").predict(tooSmall)).rejects.toMatchObject({
      code: "model_failed",
      retryable: true,
    });
    expect(await gender(90)).toHaveLength(2);
  });

  it("replaces a worker that ends with a request inside it; the others are not lost", async () => {
    inference = await open(["gender"], 1);
    const posted = vi.spyOn(Worker.prototype, "postMessage");
    await gender(1);
    const [worker] = posted.mock.contexts as Worker[];
    posted.mockRestore();
    // A message that is none ends the worker, with the request behind it inside.
    worker!.postMessage(null, []);
    const doomed = gender(1);
    const waiting = gender(90);
    await expect(doomed).rejects.toMatchObject({ code: "model_failed", retryable: true });
    expect(await waiting).toHaveLength(2);
    expect(inference.load()).toEqual({ workers: 1, busy: 0, waiting: 0 });
  });

  it("lets go of a signal that outlives its requests", async () => {
    inference = await open(["gender"], 1);
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, "addEventListener");
    const removed = vi.spyOn(signal, "removeEventListener");
    await Promise.all([1, 2, 3].map(() => inference!.model("gender").predict(chip(), { signal })));
    expect(removed).toHaveBeenCalledTimes(added.mock.calls.length);
  });

  it("refuses what waits when it closes, and ends what is being computed", async () => {
    inference = await open(["gender"], 1);
    const all = Promise.allSettled([gender(1), gender(2)]);
    await inference.close();
    const [computed, waited] = await all;
    expect(computed).toMatchObject({ status: "fulfilled" });
    expect(waited).toMatchObject({ status: "rejected", reason: { code: "model_failed" } });
    await expect(gender(3)).rejects.toThrow(/the models are closed/);
  });

  it.each([
    ["array", (length: number) => new Uint8Array(length)],
    // Its slice is a view, as its subarray is; messages of the broker are such.
    ["Buffer", (length: number) => Buffer.from(new ArrayBuffer(length))],
  ])("leaves a picture that is part of a larger %s to its owner", async (_, allocate) => {
    inference = await open(["gender"], 1);
    const buffer = allocate(112 * 112 * 3 + 10).fill(7);
    const pixels = buffer.subarray(10);
    await inference.model("gender").predict({ pixels, width: 112, height: 112 });
    expect(buffer[20]).toBe(7);
  });
});

it("ends the process that can start no worker any more, rather than hold its work back", () => {
  const program = fileURLToPath(new URL("withoutWorkers.mjs", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [program, MODELS], {
    encoding: "utf8",
    timeout: 60_000,
  });
  expect(stderr).toContain("6 workers in a row ended while they started");
  expect(status).toBe(1);
});

function open(models: string[], workers: number, more: Partial<InferenceOptions> = {}) {
  return openInference({ modelsDir: MODELS, models, pack: "compact", precision: FLOAT32, workers, ...more });
}

function chip(value = 128) {
  return { pixels: new Uint8Array(112 * 112 * 3).fill(value), width: 112, height: 112 };
}

async function gender(value: number): Promise<number[]> {
  const { outputs } = await inference!.model("gender").predict(chip(value));
  return [...outputs["probabilities"]!.data];
}
