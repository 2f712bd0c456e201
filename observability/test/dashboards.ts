import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../grafana/dashboards/", import.meta.url));

export interface Target {
  refId: string;
  expr: string;
  legendFormat: string;
  datasource: { type: string; uid: string };
}

export interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: { type: string; uid: string };
  targets?: Target[];
  panels?: Panel[];
  fieldConfig?: {
    defaults: { unit?: string };
    overrides: {
      matcher: { id: string; options: string };
      properties: { id: string; value?: { fixedColor?: string } }[];
    }[];
  };
  options?: { yAxis?: { unit?: string } };
}

export interface Dashboard {
  file: string;
  uid: string;
  title: string;
  tags: string[];
  templating: { list: { name: string; type: string; query: string }[] };
  panels: Panel[];
}

export const DASHBOARDS: readonly Dashboard[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".json"))
  .map((file) => ({ file, ...(JSON.parse(readFileSync(FOLDER + file, "utf8")) as Omit<Dashboard, "file">) }));

/** The panels that show something, rows unfolded. */
export function panelsOf({ panels }: { panels: readonly Panel[] }): Panel[] {
  return panels.flatMap((panel) =>
    panel.type === "row" ? panelsOf({ panels: panel.panels ?? [] }) : [panel],
  );
}

export interface Query {
  dashboard: string;
  panel: string;
  /** PromQL, Grafana's variables filled in. */
  expr: string;
}

export const QUERIES: readonly Query[] = DASHBOARDS.flatMap((dashboard) =>
  panelsOf(dashboard).flatMap((panel) =>
    (panel.targets ?? []).map(({ expr }) => ({
      dashboard: dashboard.title,
      panel: panel.title,
      expr: expr.replaceAll("$__rate_interval", "1m").replaceAll("$stage", "extract"),
    })),
  ),
);
