import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openInference, type Inference, type ModelServer } from "@similarfaces/inference";
import { startOipServer, type OipServer } from "./oipServer.js";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const NAMES = ["gender", "detect"];
let local: Inference;
let server: OipServer;
let remote: Inference | undefined;

beforeAll(async () => {
  local = await openInference({ modelsDir: MODELS, models: NAMES, pack: "compact", workers: 1 });
});
afterAll(() => local.close());
beforeEach(async () => {
  server = await startOipServer(local, NAMES);
});
afterEach(async () => {
  await remote?.close();
  remote = undefined;
  await server.close();
});

describe("the oip driver", () => {
  it.each([true, false])("answers as the graph in this process does; binary tensors: %s", async (binary) => {
    await server.close();
    server = await startOipServer(local, NAMES, { binary });
    const loaded: string[] = [];
    const runs: number[] = [];
    remote = await open(
      {},
      { onLoad: (name) => loaded.push(name), onRun: (_, run) => runs.push(run.batchSize) },
    );
    expect(remote.driver).toBe("oip");
    expect(loaded.toSorted()).toEqual(["compact-detect@1.0.0", "compact-gender@1.0.0"]);
    expect(runs).toEqual([]);
    for (const [task, picture] of [
      ["gender", chip(90)],
      ["detect", frame()],
    ] as const) {
      const expected = await local.model(task).predict({ ...picture, pixels: picture.pixels.slice() });
      const { outputs, startedAtMs, finishedAtMs } = await remote.model(task).predict(picture);
      expect(outputs).toEqual(expected.outputs);
      expect(finishedAtMs).toBeGreaterThanOrEqual(startedAtMs);
    }
    expect(runs).toEqual([1, 1]);
  });

  it("gathers what comes within the wait into one run, each with its own answer", async () => {
    remote = await open({ batchSizeMax: 4, batchWaitMs: 100 });
    const values = [10, 60, 110, 160, 210];
    const expected = await Promise.all(values.map((value) => gender(local, value)));
    server.batches.length = 0;
    const answers = await Promise.all(values.map((value) => gender(remote!, value)));
    expect(answers).toEqual(expected);
    expect(server.batches).toEqual([4, 1]);
  });

  it("tells the server and the observer which traces asked", async () => {
    const told: (readonly string[])[] = [];
    remote = await open(
      { batchSizeMax: 2, batchWaitMs: 100 },
      { onRun: (_, run) => told.push(run.traceparents) },
    );
    const sent: (string | string[] | undefined)[] = [];
    server.fault = ({ url, headers }) => {
      if (url?.endsWith("/infer")) sent.push(headers["traceparent"]);
      return false;
    };
    const traceparents = ["1", "2"].map((digit) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`);
    const model = remote.model("gender");
    await Promise.all(traceparents.map((traceparent) => model.predict(chip(7), { traceparent })));
    await model.predict(chip(7));
    // One run has one parent there: the first of those that wait together.
    expect(sent).toEqual([traceparents[0], undefined]);
    expect(told).toEqual([traceparents, []]);
  });

  it("asks again one by one for a batch that is refused, so that one picture fails alone", async () => {
    remote = await open({ batchSizeMax: 4, batchWaitMs: 100 });
    server.batches.length = 0;
    server.refuses = 60;
    const answers = await Promise.allSettled([10, 60, 110, 160].map((value) => gender(remote!, value)));
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    expect(answers[1]).toMatchObject({ reason: { message: expect.stringMatching(/cannot bear/) } });
    expect(server.batches).toEqual([4, 1, 1, 1, 1]);
    expect(remote.load()).toEqual({ workers: 1, busy: 0, waiting: 0 });
  });

  it("does not press a server that has too much to do", async () => {
    remote = await open({ batchSizeMax: 4, batchWaitMs: 100 });
    let asked = 0;
    server.fault = (request, response) => {
      if (request.method !== "POST") return false;
      asked++;
      response.writeHead(503).end();
      return true;
    };
    const answers = await Promise.allSettled([10, 60, 110, 160].map((value) => gender(remote!, value)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 4 }, () => "rejected"));
    expect(asked).toBe(1);
  });

  it("never puts frames of a graph for one picture together", async () => {
    remote = await open({ batchSizeMax: 4, batchWaitMs: 50 });
    server.batches.length = 0;
    await Promise.all([remote.model("detect").predict(frame()), remote.model("detect").predict(frame())]);
    expect(server.batches).toEqual([1, 1]);
  });

  it("fills up the batch of a graph that was compiled for one size", async () => {
    server.metadata = (metadata) => {
      if (metadata.name === "compact-gender") metadata.inputs[0]!.shape[0] = 4;
      return metadata;
    };
    remote = await open({ batchSizeMax: 8, batchWaitMs: 0 });
    server.batches.length = 0;
    expect(await gender(remote, 90)).toEqual(await gender(local, 90));
    expect(server.batches).toEqual([4]);
  });

  it("takes the lowest priority first, and drops what is called off while it waits", async () => {
    remote = await open();
    const order: string[] = [];
    const stop = new AbortController();
    const predict = (name: string, priority: number, signal?: AbortSignal) =>
      remote!
        .model("gender")
        .predict(chip(9), { priority, ...(signal ? { signal } : {}) })
        .then(() => order.push(name));
    const all = [predict("running", 9), predict("later", 200), predict("sooner", 100)];
    const dropped = predict("dropped", 50, stop.signal);
    expect(remote.load()).toEqual({ workers: 1, busy: 1, waiting: 3 });
    stop.abort();
    await expect(dropped).rejects.toMatchObject({ code: "model_failed" });
    await Promise.all(all);
    expect(order).toEqual(["running", "sooner", "later"]);
  });

  it("keeps its connections", async () => {
    remote = await open();
    const before = server.connections();
    for (let i = 0; i < 5; i++) await gender(remote, i);
    expect(server.connections()).toBe(before);
  });

  it("ends what is on its way and what waits when it closes", async () => {
    remote = await open();
    server.fault = (request) => request.method === "POST";
    const all = Promise.allSettled([gender(remote, 1), gender(remote, 2)]);
    await remote.close();
    for (const outcome of await all) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "model_failed" } });
    }
  });
});

describe("a model server that is not as it should be is refused before anything is served", () => {
  it("says which model did not become ready, and why", async () => {
    server.fault = (request, response) => {
      if (!request.url!.endsWith("compact-gender/ready")) return false;
      response.writeHead(400).end('{"error":"model is still loading"}');
      return true;
    };
    await expect(open({ readyWithinMs: 400 })).rejects.toThrow(
      /did not make compact-gender ready: the server answered 400: model is still loading/,
    );
  });

  it("waits for a server that starts later", async () => {
    let refusals = 3;
    server.fault = (_, response) => {
      if (refusals-- <= 0) return false;
      response.destroy();
      return true;
    };
    remote = await open();
    expect(await gender(remote, 7)).toHaveLength(2);
  });

  it("names the field where the server has another model than the manifest's", async () => {
    server.metadata = (metadata) => ({ ...metadata, inputs: [{ ...metadata.inputs[0]!, name: "picture" }] });
    await expect(open()).rejects.toThrow(/field inputs names ".*", the server has picture/);
    server.metadata = (metadata) => ({ ...metadata, inputs: [{ ...metadata.inputs[0]!, datatype: "FP32" }] });
    await expect(open()).rejects.toThrow(/is uint8, on the server it is FP32/);
    server.metadata = (metadata) => ({
      ...metadata,
      outputs: metadata.outputs.map((output) => ({ ...output, shape: [-1, 3] })),
    });
    await expect(open()).rejects.toThrow(/field outputs, ".*" has shape .*, the server's is \[-1, 3\]/);
  });
});

describe("faults of a model server become failures, and the next picture is served", () => {
  const answers: [string, number, string, RegExp][] = [
    ["Triton's and MLServer's words", 500, '{"error":"out of device memory"}', /500: out of device memory/],
    ["KServe's words", 422, '{"detail":[{"msg":"bad shape"}]}', /422: \[\{"msg":"bad shape"\}\]/],
    ["a proxy's words", 503, "upstream connect error", /503: upstream connect error/],
    ["no words", 504, "", /the server answered 504$/],
    ["no JSON", 200, "<html>", /the answer is no JSON/],
    ["no outputs", 200, "{}", /the answer has no outputs/],
    ["too few values", 200, output([1, 2], [0.5]), /has 1 values, its shape \[1, 2\] 2/],
    ["another number of pictures", 200, output([2, 2], [1, 0, 1, 0]), /is of 2 pictures, 1 were sent/],
    ["another output", 200, output([1, 2], [1, 0], "logits"), /lacks the output probabilities/],
  ];
  it.each(answers)("%s", async (_, status, body, message) => {
    remote = await open();
    once((__, response) => response.writeHead(status).end(body));
    const failed = gender(remote, 1);
    await expect(failed).rejects.toMatchObject({ code: "model_failed", retryable: true });
    await expect(failed).rejects.toThrow(message);
    expect(await gender(remote, 90)).toHaveLength(2);
  });

  it("a server that is silent", async () => {
    remote = await open({ timeoutMs: 1_000 });
    once(() => {});
    await expect(gender(remote, 1)).rejects.toThrow(/no answer within 1000 ms/);
    expect(await gender(remote, 90)).toHaveLength(2);
  });

  it("a connection cut in the middle of an answer", async () => {
    remote = await open();
    once((_, response) => {
      response.writeHead(200, { "content-length": 1_000 });
      response.write("{", () => response.destroy());
    });
    await expect(gender(remote, 1)).rejects.toMatchObject({ code: "model_failed" });
    expect(await gender(remote, 90)).toHaveLength(2);
  });

  it("a kept connection that the server has closed costs nothing", async () => {
    remote = await open();
    once((request) => request.socket.destroy());
    expect(await gender(remote, 90)).toHaveLength(2);
  });

  it("a server that is gone", async () => {
    remote = await open();
    await server.close();
    await expect(gender(remote, 1)).rejects.toMatchObject({ code: "model_failed", retryable: true });
    server = await startOipServer(local, NAMES);
  });
});

/** The next inference is answered by `fault`. */
function once(fault: (...args: Parameters<NonNullable<OipServer["fault"]>>) => unknown): void {
  server.fault = (request, response) => {
    if (request.method !== "POST") return false;
    server.fault = undefined;
    fault(request, response);
    return true;
  };
}

function output(shape: number[], data: number[], name = "probabilities"): string {
  return JSON.stringify({ outputs: [{ name, datatype: "FP32", shape, data }] });
}

function open(
  modelServer: Partial<ModelServer> = {},
  observer: Partial<Parameters<typeof openInference>[0]> = {},
) {
  return openInference({
    modelsDir: MODELS,
    models: NAMES,
    pack: "compact",
    workers: 1,
    modelServer: { url: server.url, batchSizeMax: 1, batchWaitMs: 0, ...modelServer },
    ...observer,
  });
}

function chip(value: number) {
  return { pixels: new Uint8Array(144 * 144 * 3).fill(value), width: 144, height: 144 };
}

function frame() {
  return { pixels: new Uint8Array(64 * 96 * 3).map((_, i) => (i * 31) & 255), width: 96, height: 64 };
}

async function gender(inference: Inference, value: number): Promise<number[]> {
  const { outputs } = await inference.model("gender").predict(chip(value));
  return [...outputs["probabilities"]!.data];
}
