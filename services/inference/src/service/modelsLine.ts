import type { Inference } from "../model.js";
import { PRECISIONS } from "../packs/precision.js";
import { thisProcessor, type Processor } from "../packs/processor.js";

/** Which variants run, in one line, for instance "detect, refine as int8 (avx512_vnni); embed as float32". */
export function modelsLine(
  inference: Pick<Inference, "driver" | "model">,
  names: readonly string[],
  { dotProduct = "" }: Processor = thisProcessor(),
): string {
  const why = { float32: inference.driver === "oip" ? "on a model server" : "", int8: dotProduct };
  return PRECISIONS.toReversed()
    .map((precision) => {
      const models = names.filter((name) => inference.model(name).precision === precision).join(", ");
      return models && `${models} as ${precision}${why[precision] && ` (${why[precision]})`}`;
    })
    .filter((part) => part !== "")
    .join("; ");
}
