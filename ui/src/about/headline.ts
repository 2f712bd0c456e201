import type { Measurement, ModelAbout } from "@similarfaces/contracts/api";
import { variantOf } from "../modelNames";
import { isNumber, isRecord } from "./figures";

/** How good the model is, in a sentence for everybody: by the first measurement of the variant that runs that says so, else by its figure. */
export function headlineOf(model: Omit<ModelAbout, "measured">): string | undefined {
  const variant = variantOf(model);
  if (!variant) return undefined;
  for (const { figures } of variant.measured) {
    const words = wordsOf(figures, model.task);
    if (words) return words;
  }
  const { figure, task } = model;
  if (!figure || variant.figure === undefined) return undefined;
  if (isInYears(figure.name)) return yearsOff(variant.figure);
  return task === "detect" || task === "refine" ? finds(variant.figure) : right(variant.figure, task);
}

/** Whether a figure of this name is one in years of age, and no share. */
export const isInYears = (name: string): boolean => /\byears\b/.test(name);

function wordsOf(figures: Measurement["figures"], task: string): string | undefined {
  const { mae_years: mae, by_threshold: byThreshold } = figures;
  if (isNumber(mae)) return yearsOff(mae);
  if (isRecord(byThreshold)) {
    const { recall } = (byThreshold["0.55"] ?? byThreshold["0.5"] ?? {}) as { recall?: number };
    if (isNumber(recall)) return finds(recall);
  }
  const share = Object.entries(figures).find(([key]) => /^accuracy\d*$/.test(key))?.[1];
  return isNumber(share) ? right(share, task) : undefined;
}

const yearsOff = (years: number) => `Off by ${years.toFixed(1)} years on average`;

const finds = (recall: number) => `Finds ${outOf100(recall)} faces`;

function right(share: number, task: string): string {
  return task === "embed"
    ? `Tells one person from two in ${outOf100(share)} pairs of photos`
    : `Right for ${outOf100(share)} faces`;
}

function outOf100(share: number): string {
  return `${Math.round(share * 100)} of 100`;
}
