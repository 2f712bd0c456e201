import { PackError, type Manifest, type Variant } from "./manifest.js";
import { AUTO, type PrecisionChoice } from "./precision.js";
import { thisProcessor, type Processor } from "./processor.js";

/**
 * The variant of the model of this name that is in use. `auto` takes int8 where this processor has the dot product and the manifest's
 * figures lose no more than it allows; else float32. A model of one variant is used as that, unless the other is asked for by its name.
 * @throws PackError where a variant is asked for of this model that there is not
 */
export function chooseVariant(
  name: string,
  { id, figure, variants }: Pick<Manifest, "id" | "figure" | "variants">,
  { usual, of }: PrecisionChoice = AUTO,
  processor: Processor = thisProcessor(),
): Variant {
  const choice = of[name] ?? usual;
  const [first] = variants;
  const int8 = variants.find(({ precision }) => precision === "int8");
  const float32 = variants.find(({ precision }) => precision === "float32");
  if (choice === "auto") {
    if (!int8 || !float32) return first;
    return processor.dotProduct !== undefined && isWithinLoss(figure, float32, int8) ? int8 : float32;
  }
  const wanted = choice === "int8" ? int8 : float32;
  // Of all models at once it is a wish; of this one it is an order.
  if (!wanted && name in of) {
    throw new PackError(`${id}: has no variant ${choice} (MODEL_PRECISION); there is ${first.precision}`);
  }
  return wanted ?? first;
}

/**
 * Why a variant cannot run on this processor, as a sentence: on x86 without VNNI, int8 multiplies unsigned by signed bytes and adds pairs
 * of products in 16 bits, where they saturate (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html).
 */
export function refusalOfVariant(
  { id }: Pick<Manifest, "id">,
  { precision }: Pick<Variant, "precision">,
  { arch, dotProduct }: Processor = thisProcessor(),
): string | undefined {
  if (precision !== "int8" || arch !== "x64" || dotProduct !== undefined) return undefined;
  return `${id}: int8 needs a processor with VNNI (avx512_vnni or avx_vnni in /proc/cpuinfo): without it sums of products saturate, and answers are wrong; take MODEL_PRECISION=auto or float32`;
}

function isWithinLoss(figure: Manifest["figure"], float32: Variant, int8: Variant): boolean {
  if (!figure || float32.figure === undefined || int8.figure === undefined) return false;
  const loss = figure.better === "higher" ? float32.figure - int8.figure : int8.figure - float32.figure;
  // Figures are decimals: .9413 - .9313 is a little more than .01.
  return loss <= figure.lossMax + 1e-9;
}
