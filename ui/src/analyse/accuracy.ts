import type { Measurement } from "@similarfaces/contracts/api";
import { percentText } from "@similarfaces/contracts/texts";
import { labelInWords } from "../formats";

/** How often a model was right on photos it had not seen, and for whom it was right least and most often. */
export interface Accuracy {
  sentence: string;
  /** What it was measured on, by its name. */
  data: string;
  /** Per group, where it was measured: a share that was right, or years off. */
  groups: { name: string; value: number }[];
  unit: "share" | "years";
}

/** Of a model's first measurement; undefined where it says nothing of these. */
export function accuracyOf([first]: readonly Measurement[]): Accuracy | undefined {
  if (!first) return undefined;
  const { figures, data, n } = first;
  const tests = `${n.toLocaleString("en")} tests`;
  const years = figures["mae_years"];
  if (typeof years === "number") {
    const groups = groupsOf(figures, /^mae_by_/);
    const sentence = `Off by ${years.toFixed(1)} years on average in ${tests}.`;
    return { sentence, data, groups, unit: "years" };
  }
  const share = Object.entries(figures).find(([key]) => /^accuracy\d*$/.test(key))?.[1];
  if (typeof share !== "number") return undefined;
  const groups = groupsOf(figures, /^(by_|recall$)/);
  return { sentence: `Right in ${percentText(share)} of ${tests}.`, data, groups, unit: "share" };
}

/** The first figure of that name: per group a value, or a value and a number of faces. */
function groupsOf(figures: Measurement["figures"], name: RegExp): Accuracy["groups"] {
  const groups = Object.entries(figures).find(([key]) => name.test(key))?.[1];
  if (typeof groups !== "object" || groups === null) return [];
  return Object.entries(groups).flatMap(([group, figure]) => {
    const value: unknown = Array.isArray(figure) ? figure[0] : figure;
    return typeof value === "number" ? [{ name: labelInWords(group), value }] : [];
  });
}
