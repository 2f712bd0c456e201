import type { PreparedInput } from "../input/prepare.js";
import type { Prediction, Tensor } from "../model.js";
import type { InferInput } from "./oipClient.js";

/** Several pictures of one request, each for itself; their values are not copied. */
export function eachOf({ dtype, data, dims: [count = 1, ...dims] }: PreparedInput): PreparedInput[] {
  const length = data.length / count;
  return Array.from({ length: count }, (_, n) => ({
    dtype,
    data: data.subarray(n * length, (n + 1) * length),
    dims: [1, ...dims],
  }));
}

/** Pictures one after the other along the first dimension; zeros fill up to `size`. */
export function stack(name: string, inputs: readonly PreparedInput[], size: number): InferInput {
  const { dtype, data, dims } = inputs[0]!;
  if (size === 1) return { name, dtype, data, dims };
  const length = data.length;
  const all = dtype === "uint8" ? new Uint8Array(length * size) : new Float32Array(length * size);
  inputs.forEach((input, index) => all.set(input.data, index * length));
  return { name, dtype, data: all, dims: [size, ...dims.slice(1)] };
}

/** The picture's own part of every output. @throws Error for an output that is missing or of another number of pictures */
export function pick(
  answer: ReadonlyMap<string, Tensor>,
  names: readonly string[],
  index: number,
  size: number,
): Record<string, Tensor> {
  const outputs: Record<string, Tensor> = {};
  for (const name of names) {
    const tensor = answer.get(name);
    if (!tensor) throw new Error(`the answer lacks the output ${name}`);
    const { data, dims } = tensor;
    if (dims[0] !== size) throw new Error(`the output ${name} is of ${dims[0]} pictures, ${size} were sent`);
    const length = data.length / size;
    outputs[name] = { data: data.slice(index * length, (index + 1) * length), dims: [1, ...dims.slice(1)] };
  }
  return outputs;
}

/** The answers to the pictures of one request, at least one, as the answer to the request. */
export function together(predictions: readonly Prediction[]): Prediction {
  const [first] = predictions;
  if (predictions.length === 1) return first!;
  const outputs: Record<string, Tensor> = {};
  for (const [name, { data, dims }] of Object.entries(first!.outputs)) {
    const all = new Float32Array(data.length * predictions.length);
    for (const [n, { outputs: own }] of predictions.entries()) all.set(own[name]!.data, n * data.length);
    outputs[name] = { data: all, dims: [predictions.length, ...dims.slice(1)] };
  }
  return {
    outputs,
    startedAtMs: Math.min(...predictions.map(({ startedAtMs }) => startedAtMs)),
    finishedAtMs: Math.max(...predictions.map(({ finishedAtMs }) => finishedAtMs)),
  };
}
