import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Inference, ModelServer } from "@similarfaces/inference";
import { NAMES, gender, openLocal, openRemote } from "./oipFixture.js";
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

function open(modelServer: Partial<ModelServer> = {}) {
  return openRemote(server, modelServer);
}
