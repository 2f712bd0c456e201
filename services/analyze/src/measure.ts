import {
  MeasureSchema,
  StageFailure,
  create,
  type Measure,
  type MeasureSpecJson,
} from "@similarfaces/contracts";
import { expectation, quantile, round } from "@similarfaces/vision";
import { PROBABILITY_DECIMALS, mustBeDistribution } from "./probabilities.js";

/**
 * A number: the mean of a distribution over bins, with the interval around its median that holds the manifest's share of it, or the
 * output's one value. Rounded to one decimal more than is shown.
 * @throws StageFailure model_failed
 */
export function measure(data: Float32Array, { unit, decimals, bins, interval }: MeasureSpecJson): Measure {
  const digits = decimals + 1;
  if (!bins) {
    const [value] = data;
    if (data.length !== 1 || !Number.isFinite(value)) {
      throw new StageFailure("model_failed", "the model gave no number where one was expected");
    }
    return create(MeasureSchema, { unit, value: round(value!, digits) });
  }
  mustBeDistribution(data, bins.count);
  const inUnit = (bin: number) => round(bins.first + bins.width * bin, digits);
  return create(MeasureSchema, {
    unit,
    value: inUnit(expectation(data)),
    ...(interval > 0
      ? { low: inUnit(quantile(data, (1 - interval) / 2)), high: inUnit(quantile(data, (1 + interval) / 2)) }
      : {}),
    probabilities: Array.from(data, (probability) => round(probability, PROBABILITY_DECIMALS)),
  });
}
