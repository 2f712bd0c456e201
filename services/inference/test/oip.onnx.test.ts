import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Inference, ModelServer, Tensor } from "@similarfaces/inference";
import { NAMES, chip, frame, gender, openLocal, openRemote, type Observer } from "./oipFixture.js";
import { startOipServer, type OipServer } from "./oipServer.js";

let local: Inference;
let server: OipServer;
let remote: Inference | undefined;

beforeAll(async () => {
  local = await openLocal();
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
      { onLoad: ({ name }) => loaded.push(name), onRun: (_, run) => runs.push(run.batchSize) },
    );
    expect(remote.driver).toBe("oip");
    expect(loaded.toSorted()).toEqual([
      "compact-detect@2.0.0+float32",
      "compact-gender@2.0.0+float32",
      "compact-refine@2.0.0+float32",
    ]);
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

  it.each([
    ["one at a time", 1, undefined, [1, 1, 1, 1, 1]],
    ["in one batch", 8, undefined, [5]],
    ["in two batches", 3, undefined, [3, 2]],
    ["in batches of the size that the graph was compiled for", 8, 4, [4, 4]],
  ])(
    "sends several crops of one request %s, and answers them in their order",
    async (_, most, fixed, sent) => {
      server.metadata = (metadata) => {
        if (fixed && metadata.name === "compact-refine") metadata.inputs[0]!.shape[0] = fixed;
        return metadata;
      };
      const seen: number[] = [];
      const options = { batchSizeMax: most, batchWaitMs: 0 };
      remote = await open(options, { onRun: (__, { batchSize }) => seen.push(batchSize) });
      server.batches.length = 0;
      const expected = await local.model("refine").predict(crops(5));
      const { outputs } = await remote.model("refine").predict(crops(5), { traceparent: TRACEPARENT });
      expect(outputs["score"]!.dims).toEqual([5]);
      expect(outputs["points"]!.dims).toEqual([5, 5, 2]);
      // ONNX Runtime may add in another order where pictures come together.
      expect(furthest(outputs["score"]!, expected.outputs["score"]!)).toBeLessThan(1e-5);
      expect(furthest(outputs["points"]!, expected.outputs["points"]!)).toBeLessThan(1e-5);
      expect(server.batches).toEqual(sent);
      expect(seen.reduce((sum, pictures) => sum + pictures)).toBe(5);
    },
  );

  it("fills a batch up with crops of several requests, each with its own answers", async () => {
    remote = await open({ batchSizeMax: 4, batchWaitMs: 100 });
    server.batches.length = 0;
    const model = remote.model("refine");
    const [three, five] = await Promise.all([model.predict(crops(3)), model.predict(crops(5))]);
    expect(server.batches).toEqual([4, 4]);
    for (const [count, { outputs }] of [
      [3, three],
      [5, five],
    ] as const) {
      const expected = await local.model("refine").predict(crops(count));
      expect(furthest(outputs["points"]!, expected.outputs["points"]!)).toBeLessThan(1e-5);
    }
  });

  it("fails a request one of whose crops the server refuses", async () => {
    remote = await open({ batchSizeMax: 8, batchWaitMs: 0 });
    server.refuses = crops(3).pixels[2 * 96 * 96 * 3]!;
    await expect(remote.model("refine").predict(crops(3))).rejects.toThrow(/cannot bear/);
    server.refuses = undefined;
    const { outputs } = await remote.model("refine").predict(crops(3));
    expect(outputs["score"]!.dims).toEqual([3]);
  });

  it("says in words that a chip is too small, or the bytes are not its pixels", async () => {
    remote = await open();
    const model = remote.model("gender");
    await expect(
      model.predict({ pixels: new Uint8Array(96 * 96 * 3), width: 96, height: 96 }),
    ).rejects.toThrow("compact-gender@2.0.0+float32: a chip of 96x96 is too small, the model wants 112x112");
    await expect(model.predict({ ...chip(1), count: 2 })).rejects.toThrow(/37632 bytes are not 2 of 112x112/);
  });

  it("refuses a variant that no model server has", async () => {
    const int8 = { precision: { usual: "auto", of: { gender: "int8" } } } as const;
    await expect(open({}, int8)).rejects.toThrow(
      /^compact-gender: the variant int8 is chosen \(MODEL_PRECISION\), a model server runs float32$/,
    );
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

const TRACEPARENT = `00-${"1".repeat(32)}-${"2".repeat(16)}-01`;

/** What the second look takes: pictures of 96 by 96, each another. */
function crops(count: number) {
  const pixels = new Uint8Array(count * 96 * 96 * 3).map(
    (_, i) => (i * 13 + Math.floor(i / 27_648) * 50) & 255,
  );
  return { pixels, width: 96, height: 96, count };
}

function furthest(a: Tensor, b: Tensor): number {
  expect(a.data.length).toBe(b.data.length);
  return Math.max(...a.data.map((value, i) => Math.abs(value - b.data[i]!)));
}

function open(modelServer: Partial<ModelServer> = {}, observer: Observer = {}) {
  return openRemote(server, modelServer, observer);
}
