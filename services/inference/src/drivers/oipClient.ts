import { Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { Agent as TlsAgent, request as httpsRequest } from "node:https";
import { buffer } from "node:stream/consumers";
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

/** The server said no to what it was sent, or could not compute it; not that it is away or has too much to do. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
}

const REFUSALS: readonly number[] = [400, 413, 422, 500];

/** Length of the JSON in front of the tensors' bytes, in requests and answers that carry any. */
const HEADER_LENGTH = "inference-header-content-length";

/**
 * The Open Inference Protocol v2 over HTTP (https://github.com/kserve/open-inference-protocol), with tensors as raw
 * little-endian bytes behind the JSON where the server lists the extension `binary_tensor_data`, as JSON numbers where not.
 * Connections are kept. All methods throw Error with a sentence; what it means for a job is the caller's to say.
 */
export class OipClient {
  readonly #url: URL;
  readonly #timeoutMs: number;
  readonly #agent: Agent;
  readonly #closing = new AbortController();
  #binary: Promise<boolean> | undefined;

  constructor(url: string, timeoutMs: number) {
    this.#url = new URL(url);
    this.#timeoutMs = timeoutMs;
    const options = { keepAlive: true, noDelay: true };
    this.#agent = this.#url.protocol === "https:" ? new TlsAgent(options) : new Agent(options);
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
    this.#closing.abort(new Error("the models are closed"));
    this.#agent.destroy();
  }

  async #knowsBinary(): Promise<boolean> {
    try {
      const { extensions } = await this.#json<{ extensions?: string[] }>("/v2");
      return extensions?.includes("binary_tensor_data") ?? false;
    } catch (error) {
      // Not known yet: the next request asks again.
      this.#binary = undefined;
      throw error;
    }
  }

  async #json<T>(path: string): Promise<T> {
    const { status, body } = await this.#send("GET", path);
    if (status !== 200) throw new Error(messageOf(status, body));
    return JSON.parse(body.toString()) as T;
  }

  /** One exchange. A kept connection that the server closed meanwhile is no failure: inference may be asked twice. */
  async #send(method: string, path: string, headers: object = {}, body?: Uint8Array[]): Promise<Answer> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    const signal = AbortSignal.any([this.#closing.signal, timeout]);
    for (;;) {
      const attempt = await this.#exchange(method, path, headers, body, signal);
      if ("answer" in attempt) return attempt.answer;
      if (this.#closing.signal.aborted) throw this.#closing.signal.reason as Error;
      if (timeout.aborted)
        throw new Error(`no answer within ${this.#timeoutMs} ms`, { cause: attempt.error });
      if (!attempt.stale) throw attempt.error;
    }
  }

  async #exchange(
    method: string,
    path: string,
    headers: object,
    body: Uint8Array[] | undefined,
    signal: AbortSignal,
  ): Promise<{ answer: Answer } | { error: unknown; stale: boolean }> {
    const url = new URL(this.#url.pathname.replace(/\/$/, "") + path, this.#url);
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const request = send(url, { method, headers: { ...headers }, agent: this.#agent, signal });
    let answering = false;
    try {
      const response = new Promise<Answer>((resolve, reject) => {
        request.once("error", reject);
        request.once("response", (message) => {
          answering = true;
          const { statusCode = 0, headers } = message;
          buffer(message).then((bytes) => resolve({ status: statusCode, headers, body: bytes }), reject);
        });
      });
      for (const chunk of body ?? []) request.write(chunk);
      request.end();
      return { answer: await response };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      const stale = request.reusedSocket && !answering && (code === "ECONNRESET" || code === "EPIPE");
      return { error, stale };
    }
  }
}

function encode(
  input: InferInput,
  outputs: readonly string[],
  binary: boolean,
): { headers: object; body: Uint8Array[] } {
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
  if (!binary) {
    return {
      headers: { "content-type": "application/json", "content-length": json.byteLength },
      body: [json],
    };
  }
  return {
    headers: {
      "content-type": "application/octet-stream",
      "content-length": json.byteLength + bytes.byteLength,
      [HEADER_LENGTH]: json.byteLength,
    },
    body: [json, bytes],
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

/** Triton, MLServer and KServe say `error`; what stands before a FastAPI server says `detail`; a proxy says anything. */
function messageOf(status: number, body: Buffer): string {
  const text = body.toString().slice(0, 1_000);
  let reason = text;
  try {
    const { error, detail } = JSON.parse(text) as { error?: unknown; detail?: unknown };
    const said = error ?? detail;
    if (said !== undefined) reason = typeof said === "string" ? said : JSON.stringify(said);
  } catch {
    // Not JSON: the text itself.
  }
  return `the server answered ${status}${reason.trim() ? `: ${reason.trim().slice(0, 200)}` : ""}`;
}
