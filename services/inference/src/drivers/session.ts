import type { InferenceSession } from "onnxruntime-node";
import type { LoadedModel } from "../packs/loadModel.js";
import { PackError, type Shape } from "../packs/manifest.js";

/**
 * Checks that a graph has the inputs and outputs that its manifest promises.
 * @throws PackError naming the field
 */
export function checkSession(
  session: InferenceSession,
  { folder, manifest }: Omit<LoadedModel, "graph">,
): void {
  const path = `${folder}/manifest.json`;
  const [input] = manifest.inputs;
  check(path, "inputs", input, session.inputMetadata);
  for (const output of manifest.outputs) check(path, "outputs", output, session.outputMetadata);
}

function check(
  path: string,
  field: "inputs" | "outputs",
  promised: { name: string; dtype: string; shape: Shape },
  there: readonly InferenceSession.ValueMetadata[],
): void {
  const found = there.find(({ name }) => name === promised.name);
  if (!found) {
    const names = there.map(({ name }) => name).join(", ");
    throw new PackError(`${path}: field ${field} names "${promised.name}", the graph has ${names}`);
  }
  if (!found.isTensor || found.type !== promised.dtype) {
    throw new PackError(
      `${path}: field ${field}, "${promised.name}" is ${promised.dtype}, in the graph it is another type`,
    );
  }
  if (!fits(promised.shape, found.shape)) {
    throw new PackError(
      `${path}: field ${field}, "${promised.name}" has shape [${promised.shape.join(", ")}], the graph's is [${found.shape.join(", ")}]`,
    );
  }
}

/** A graph may leave free what a manifest fixes; two numbers must be the same. */
function fits(promised: Shape, there: Shape): boolean {
  return (
    promised.length === there.length &&
    promised.every((side, i) => typeof side === "string" || typeof there[i] === "string" || side === there[i])
  );
}
