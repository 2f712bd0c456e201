import { modelName, PackError, type Manifest, type Shape, type Variant } from "../packs/manifest.js";
import type { ModelMetadata, TensorMetadata } from "./oipClient.js";

/** How many pictures go in one run: at most `max`, and always `fixed`, filled up, where the graph knows one size only. */
export interface Batch {
  readonly max: number;
  readonly fixed?: number;
}

const DATATYPES = { uint8: "UINT8", float32: "FP32" } as const;

/**
 * Checks that a server's model has the inputs and outputs that the manifest promises.
 * @throws PackError naming the field
 */
export function checkMetadata(
  url: string,
  { inputs, outputs }: ModelMetadata,
  model: { manifest: Manifest; variant: Variant },
): void {
  const { manifest } = model;
  const where = `${modelName(model)} at ${url}`;
  for (const input of manifest.inputs) check(where, "inputs", input, inputs);
  for (const output of manifest.outputs) check(where, "outputs", output, outputs);
}

/** The first dimension decides: one, any number (as many as `max`), or the one number that the graph was compiled for. */
export function batchOf({ inputs }: ModelMetadata, manifest: Manifest, max: number): Batch {
  const [input] = manifest.inputs;
  if (input.shape[0] === 1) return { max: 1 };
  const size = inputs?.find(({ name }) => name === input.name)?.shape[0] ?? -1;
  return size < 0 ? { max } : { max: Math.min(max, size), fixed: size };
}

function check(
  where: string,
  field: "inputs" | "outputs",
  promised: { name: string; dtype: "uint8" | "float32"; shape: Shape },
  there: readonly TensorMetadata[] | undefined,
): void {
  const found = there?.find(({ name }) => name === promised.name);
  if (!found) {
    const names = there?.map(({ name }) => name).join(", ") || "none";
    throw new PackError(`${where}: field ${field} names "${promised.name}", the server has ${names}`);
  }
  if (found.datatype !== DATATYPES[promised.dtype]) {
    throw new PackError(
      `${where}: field ${field}, "${promised.name}" is ${promised.dtype}, on the server it is ${found.datatype}`,
    );
  }
  const fits =
    found.shape.length === promised.shape.length &&
    promised.shape.every(
      (side, i) => typeof side === "string" || found.shape[i]! < 0 || side === found.shape[i],
    );
  if (!fits) {
    throw new PackError(
      `${where}: field ${field}, "${promised.name}" has shape [${promised.shape.join(", ")}], the server's is [${found.shape.join(", ")}]`,
    );
  }
}
