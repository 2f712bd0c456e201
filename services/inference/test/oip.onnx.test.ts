import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Inference, ModelServer } from "@similarfaces/inference";
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

function open(modelServer: Partial<ModelServer> = {}, observer: Observer = {}) {
  return openRemote(server, modelServer, observer);
}
