import { readFileSync } from "node:fs";
import { parse } from "yaml";

export interface CatalogueEntry {
  type: "counter" | "gauge" | "histogram" | "info";
  unit: string;
  labels: string[];
  emitter: "stage" | "gateway" | "inference" | "match" | "process";
  meaning: string;
}

/** metrics.yaml, by metric name. */
export const CATALOGUE: Readonly<Record<string, CatalogueEntry>> = parse(
  readFileSync(new URL("../metrics.yaml", import.meta.url), "utf8"),
) as Record<string, CatalogueEntry>;

/** The series that a metric is scraped as. */
export function seriesOf(name: string, { type }: CatalogueEntry): string[] {
  return type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
}
