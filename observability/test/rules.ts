import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

/** Rules, their tests and the scrape configuration. */
export const PROMETHEUS_FOLDER = fileURLToPath(new URL("../prometheus/", import.meta.url));

export interface Rule {
  record?: string;
  alert?: string;
  expr: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export const RULES: readonly Rule[] = ["recording.rules.yml", "alerts.rules.yml"].flatMap((file) =>
  (parse(readFileSync(PROMETHEUS_FOLDER + file, "utf8")) as { groups: { rules: Rule[] }[] }).groups.flatMap(
    ({ rules }) => rules,
  ),
);

export const ALERTS = RULES.filter(({ alert }) => alert !== undefined);
