import type { IncomingHttpHeaders } from "node:http";
import { Pool, interceptors, type Dispatcher, type RetryHandler } from "undici";
import type { Tensor } from "../model.js";

export interface TensorMetadata {
  name: string;
  datatype: string;
  /** -1 is free. */
  shape: readonly number[];
}

export interface ModelMetadata {
  name: string;
  inputs?: readonly TensorMetadata[];
  outputs?: readonly TensorMetadata[];
}

export interface InferInput {
  name: string;
  dtype: "uint8" | "float32";
  data: Uint8Array | Float32Array;
  dims: readonly number[];
}

interface ResponseOutput extends TensorMetadata {
  data?: unknown[];
  parameters?: { binary_data_size?: number };
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** The server refused a request or could not compute it, as opposed to being away or too busy. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
}

const REFUSALS: readonly number[] = [400, 413, 422, 500];

/** A kept connection that the server closes meanwhile is no failure: inference may be asked twice. */
const STALE_CONNECTION: RetryHandler.RetryOptions = {
  methods: ["GET", "POST"],
  errorCodes: ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"],
  statusCodes: [],
  maxRetries: 1,
  minTimeout: 0,
};

/** Length of the JSON in front of the tensors' bytes, in requests and answers that carry any. */
const HEADER_LENGTH = "inference-header-content-length";

/**
 * The Open Inference Protocol v2 over HTTP (https://github.com/kserve/open-inference-protocol), with tensors as raw
 * little-endian bytes behind the JSON where the server lists the extension `binary_tensor_data`, as JSON numbers where not.
 * Connections are kept. All methods throw Error with a sentence; the caller decides what it means for a job.
 */
export class OipClient {
  readonly #path: string;
  readonly #timeoutMs: number;
  readonly #pool: Dispatcher;
  #binary: Promise<boolean> | undefined;

  constructor(url: string, timeoutMs: number) {
    const { origin, pathname } = new URL(url);
    this.#path = pathname.replace(/\/$/, "");
    this.#timeoutMs = timeoutMs;
    // The time of a whole exchange is bounded here, not that of its parts.
    const pool = new Pool(origin, { headersTimeout: 0, bodyTimeout: 0 });
    this.#pool = pool.compose(interceptors.retry(STALE_CONNECTION));
  }

  /** @returns why a model cannot be asked yet, undefined once it can */
  async notReady(model: string): Promise<string | undefined> {
    try {
      const { status, body } = await this.#send("GET", `/v2/models/${model}/ready`);
      return status === 200 ? undefined : messageOf(status, body);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  modelMetadata(model: string): Promise<ModelMetadata> {
    return this.#json<ModelMetadata>(`/v2/models/${model}`);
  }

  /** Runs a model on one input, as part of a trace where one is given. @returns its float32 outputs by name */
  async infer(
    model: string,
    input: InferInput,
    outputs: readonly string[],
    traceparent?: string,
  ): Promise<Map<string, Tensor>> {
    this.#binary ??= this.#knowsBinary();
    const { headers, body } = encode(input, outputs, await this.#binary);
    const all = traceparent === undefined ? headers : { ...headers, traceparent };
    return decode(await this.#send("POST", `/v2/models/${model}/infer`, all, body));
  }

  close(): void {
    void this.#pool.destroy(new Error("the models are closed"));
  }

  async #knowsBinary(): Promise<boolean> {
    try {
      const { extensions } = await this.#json<{ extensions?: string[] }>("/v2");
      return extensions?.includes("binary_tensor_data") ?? false;
    } catch (error) {
      // Still unknown: the next request tries again.
      this.#binary = undefined;
      throw error;
    }
  }

  async #json<T>(path: string): Promise<T> {
    const { status, body } = await this.#send("GET", path);
    if (status !== 200) throw new Error(messageOf(status, body));
    return JSON.parse(body.toString()) as T;
  }

  async #send(
    method: "GET" | "POST",
    path: string,
    headers: Record<string, string> = {},
    body: Uint8Array | null = null,
  ): Promise<Answer> {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      const request = { method, path: this.#path + path, headers, body, signal };
      const response = await this.#pool.request(request);
      const bytes = Buffer.from(await response.body.arrayBuffer());
      return { status: response.statusCode, headers: response.headers, body: bytes };
    } catch (cause) {
      if (signal.aborted) throw new Error(`no answer within ${this.#timeoutMs} ms`, { cause });
      throw cause;
    }
  }
}

function encode(
  input: InferInput,
  outputs: readonly string[],
  binary: boolean,
): { headers: Record<string, string>; body: Uint8Array } {
  const { name, dtype, data, dims } = input;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const tensor = { name, shape: dims, datatype: dtype === "uint8" ? "UINT8" : "FP32" };
  const json = Buffer.from(
    JSON.stringify({
      inputs: [
        binary
          ? { ...tensor, parameters: { binary_data_size: bytes.byteLength } }
          : { ...tensor, data: Array.from(data) },
      ],
      outputs: outputs.map((output) =>
        binary ? { name: output, parameters: { binary_data: true } } : { name: output },
      ),
    }),
  );
  if (!binary) return { headers: { "content-type": "application/json" }, body: json };
  return {
    headers: { "content-type": "application/octet-stream", [HEADER_LENGTH]: String(json.byteLength) },
    body: Buffer.concat([json, bytes]),
  };
}

/** @throws Error where the server refuses, or its answer makes no sense */
function decode({ status, headers, body }: Answer): Map<string, Tensor> {
  if (REFUSALS.includes(status)) throw new RefusedError(messageOf(status, body));
  if (status !== 200) throw new Error(messageOf(status, body));
  const jsonBytes = Number(headers[HEADER_LENGTH] ?? body.byteLength);
  const { outputs } = parse(body.subarray(0, jsonBytes));
  const tensors = new Map<string, Tensor>();
  let at = jsonBytes;
  for (const { name, datatype, shape, data, parameters } of outputs) {
    if (datatype !== "FP32") throw new Error(`the output ${name} came as ${datatype}`);
    const size = parameters?.binary_data_size;
    let values: Float32Array;
    if (data) values = Float32Array.from(data.flat(Infinity) as number[]);
    else {
      // A copy: the bytes in the answer need not lie at a multiple of four.
      values = new Float32Array(Uint8Array.from(body.subarray(at, at + (size ?? 0))).buffer);
      at += size ?? 0;
    }
    const length = shape.reduce((product, side) => product * side, 1);
    if (values.length !== length) {
      throw new Error(
        `the output ${name} has ${values.length} values, its shape [${shape.join(", ")}] ${length}`,
      );
    }
    tensors.set(name, { data: values, dims: shape });
  }
  return tensors;
}

function parse(json: Buffer): { outputs: ResponseOutput[] } {
  let answer: { outputs?: ResponseOutput[] };
  try {
    answer = JSON.parse(json.toString()) as typeof answer;
  } catch (cause) {
    throw new Error("the answer is no JSON", { cause });
  }
  if (!Array.isArray(answer.outputs)) throw new Error("the answer has no outputs");
  return { outputs: answer.outputs };
}

/** Triton, MLServer and KServe answer with the field `error`, a FastAPI server with `detail`, a proxy with any text. */
function messageOf(status: number, body: Buffer): string {
  const text = body.toString().slice(0, 1_000);
  let reason = text;
  try {
    const { error, detail } = JSON.parse(text) as { error?: unknown; detail?: unknown };
    const described = error ?? detail;
    if (described !== undefined)
      reason = typeof described === "string" ? described : JSON.stringify(described);
  } catch {
    // Not JSON: the text itself.
  }
  return `the server answered ${status}${reason.trim() ? `: ${reason.trim().slice(0, 200)}` : ""}`;
}
