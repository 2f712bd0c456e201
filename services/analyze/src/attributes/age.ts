import { AgeEstimateSchema, create } from "@similarfaces/contracts";
import { expectation, quantile, round } from "@similarfaces/vision";
import type { Attribute } from "../attribute.js";
import { PROBABILITY_DECIMALS, probabilitiesOf } from "../probabilities.js";

/** A tenth of a year is finer than any model. */
const YEAR_DECIMALS = 1;

/** Years as the mean of the model's distribution over whole years, and the middle 80 % of it. */
export const age: Attribute = {
  name: "age",
  read(outputs) {
    const probabilities = probabilitiesOf(outputs);
    const value = create(AgeEstimateSchema, {
      years: round(expectation(probabilities), YEAR_DECIMALS),
      lowYears: round(quantile(probabilities, 0.1), YEAR_DECIMALS),
      highYears: round(quantile(probabilities, 0.9), YEAR_DECIMALS),
      probabilities: Array.from(probabilities, (probability) => round(probability, PROBABILITY_DECIMALS)),
    });
    return { case: "age", value };
  },
};
