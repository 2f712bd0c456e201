import type { ModelAbout } from "@similarfaces/contracts/api";
import { formatPercent } from "../formats";
import { raceName } from "./words";

/** How often a model was right on photos it had not seen, and for whom it was right least and most often. */
export interface Accuracy {
  sentence: string;
  /** Per group, where it was measured: a share that was right, or years off. */
  groups: { name: string; value: number }[];
  unit: "share" | "years";
}

/** Of a model's first measurement; undefined where it says nothing of these. */
export function accuracyOf({ measured }: ModelAbout): Accuracy | undefined {
  const first = measured[0];
  if (!first) return undefined;
  const { figures, data, n } = first;
  const tests = `${n.toLocaleString("en")} tests (${data})`;
  const years = figures["mae_years"];
  if (typeof years === "number") {
    const groups = groupsOf(figures["mae_by_age"]);
    return { sentence: `Off by ${years.toFixed(1)} years on average in ${tests}.`, groups, unit: "years" };
  }
  const share = figures["accuracy"] ?? figures["accuracy7"];
  if (typeof share !== "number") return undefined;
  const groups = groupsOf(figures["by_race"] ?? figures["recall"]);
  return { sentence: `Right in ${formatPercent(share)} of ${tests}.`, groups, unit: "share" };
}

/** A manifest writes a group as its value, or as value and number of faces. */
function groupsOf(figures: unknown): Accuracy["groups"] {
  if (typeof figures !== "object" || figures === null) return [];
  return Object.entries(figures).flatMap(([name, figure]) => {
    const value: unknown = Array.isArray(figure) ? figure[0] : figure;
    return typeof value === "number" ? [{ name: raceName(name), value }] : [];
  });
}
