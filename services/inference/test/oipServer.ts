import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Inference, Model } from "@similarfaces/inference";

export interface OipServer {
  url: string;
  /** Pictures of each run, in order. */
  batches: number[];
  /** Connections taken since the start. */
  connections(): number;
  /** Answers instead of the server, when set and it returns true. */
  fault?: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  /** Refuses a run that has a picture with such a first value. */
  refuses?: number | undefined;
  /** What the server says of a model, changed. */
  metadata?: ((metadata: Metadata) => Metadata) | undefined;
  close(): Promise<void>;
}

export interface OipServerOptions {
  /** False: tensors as numbers of JSON. */
  binary?: boolean;
  /** Computes instead of the graph, where only the time that it takes matters: the answer is zeros. */
  compute?: (pictures: number) => Promise<void>;
}

interface Metadata {
  name: string;
  inputs: { name: string; datatype: string; shape: number[] }[];
  outputs: { name: string; datatype: string; shape: number[] }[];
}

interface InferRequest {
  inputs: [{ shape: number[]; data?: number[]; parameters?: { binary_data_size?: number } }];
  outputs: { name: string }[];
}

/**
 * A reference server of the Open Inference Protocol v2 that computes with the graphs themselves, picture by picture, in
 * the `onnx` driver: what the `oip` driver makes of it must be the same, and faults can be put in between.
 */
export async function startOipServer(
  inference: Inference,
  names: readonly string[],
  { binary = true, compute }: OipServerOptions = {},
): Promise<OipServer> {
  const models = new Map(names.map((name) => [inference.model(name).manifest.id, inference.model(name)]));
  let connections = 0;
  const http = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      response.writeHead(500).end(JSON.stringify({ error: String(error) }));
    });
  });
  http.on("connection", () => connections++);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (server.fault?.(request, response)) return;
    const [, version, , name = "", verb] = (request.url ?? "").split("/");
    if (version !== "v2") return reply(response, 404, { error: "not found" });
    if (name === "") {
      return reply(response, 200, { name: "reference", extensions: binary ? ["binary_tensor_data"] : [] });
    }
    const model = models.get(name);
    if (!model) return reply(response, 404, { error: `Request for unknown model: '${name}' is not found` });
    if (verb === "ready") return reply(response, 200, {});
    if (verb === undefined) {
      const metadata = metadataOf(model);
      return reply(response, 200, server.metadata?.(metadata) ?? metadata);
    }
    const body = await buffer(request);
    const jsonBytes = Number(request.headers["inference-header-content-length"] ?? body.byteLength);
    const { inputs, outputs } = JSON.parse(body.subarray(0, jsonBytes).toString()) as InferRequest;
    const [{ shape, data }] = inputs;
    const pixels = data ? Uint8Array.from(data) : Uint8Array.from(body.subarray(jsonBytes));
    const [count, height, width] = shape as [number, number, number, number];
    server.batches.push(count);
    const bytes = height * width * 3;
    if (pixels.byteLength !== count * bytes)
      return reply(response, 400, { error: "unexpected total byte size" });
    if (Array.from({ length: count }, (_, i) => pixels[i * bytes]).includes(server.refuses)) {
      return reply(response, 500, { error: "a picture that the device cannot bear" });
    }
    await compute?.(count);
    const predictions = compute
      ? []
      : await Promise.all(
          Array.from({ length: count }, (_, i) =>
            model.predict({ pixels: pixels.slice(i * bytes, (i + 1) * bytes), width, height }),
          ),
        );
    const tensors = outputs.map(({ name: output }) => {
      if (compute) return zeros(model, output, count);
      const parts = predictions.map((prediction) => prediction.outputs[output]!);
      const values = Float32Array.from(parts.flatMap((part) => [...part.data]));
      return { name: output, datatype: "FP32", shape: [count, ...parts[0]!.dims.slice(1)], values };
    });
    if (!binary) {
      const plain = tensors.map(({ values, ...tensor }) => ({ ...tensor, data: [...values] }));
      return reply(response, 200, { model_name: name, outputs: plain });
    }
    const json = Buffer.from(
      JSON.stringify({
        model_name: name,
        outputs: tensors.map(({ values, ...tensor }) => ({
          ...tensor,
          parameters: { binary_data_size: values.byteLength },
        })),
      }),
    );
    response.writeHead(200, { "inference-header-content-length": json.byteLength });
    response.end(Buffer.concat([json, ...tensors.map(({ values }) => Buffer.from(values.buffer))]));
  }

  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const server: OipServer = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    batches: [],
    connections: () => connections,
    close() {
      http.closeAllConnections();
      return new Promise((resolve) => http.close(() => resolve()));
    },
  };
  return server;
}

function zeros({ manifest }: Model, name: string, count: number) {
  const [, ...sides] = manifest.outputs.find((output) => output.name === name)!.shape as number[];
  const shape = [count, ...sides];
  return {
    name,
    datatype: "FP32",
    shape,
    values: new Float32Array(shape.reduce((product, side) => product * side, 1)),
  };
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function metadataOf({ manifest: { id, inputs, outputs } }: Model): Metadata {
  const free = (shape: readonly (number | string)[]) =>
    shape.map((side) => (typeof side === "number" ? side : -1));
  return {
    name: id,
    inputs: inputs.map(({ name, shape }) => ({ name, datatype: "UINT8", shape: free(shape) })),
    outputs: outputs.map(({ name, shape }) => ({ name, datatype: "FP32", shape: free(shape) })),
  };
}
