import { isCoreStage } from "@similarfaces/contracts";
import { describe, expect, it } from "vitest";
import { DASHBOARDS, QUERIES, panelsOf } from "./dashboards.js";
import { STAGE_HUES, oklchHex } from "./oklch.js";

it("there is an overview, and one for stages, fleet and gallery", () => {
  expect(DASHBOARDS.map(({ uid }) => uid).sort()).toEqual([
    "similarfaces-fleet",
    "similarfaces-gallery",
    "similarfaces-overview",
    "similarfaces-stages",
  ]);
});

it("go by the label: no panel is about an analyzer by its name", () => {
  for (const { dashboard, panel, expr } of QUERIES)
    for (const [, stage] of expr.matchAll(/stage="(\w+)"/g))
      expect(isCoreStage(stage!), `${dashboard}: ${panel}`).toBe(true);
});

describe.each(DASHBOARDS)("$file", (dashboard) => {
  const panels = panelsOf(dashboard);

  it("asks the data source that the viewer chooses", () => {
    expect(dashboard.templating.list).toContainEqual(
      expect.objectContaining({ name: "datasource", type: "datasource", query: "prometheus" }),
    );
    for (const { title, datasource, targets = [] } of panels)
      for (const source of [datasource, ...targets.map((target) => target.datasource)])
        expect(source, title).toEqual({ type: "prometheus", uid: "${datasource}" });
  });

  it("has panels with a question, a unit and an explanation each", () => {
    expect(panels.length).toBeGreaterThan(5);
    for (const { title, description, targets = [], fieldConfig, options, type } of panels) {
      expect(title).not.toBe("");
      expect(description, title).toMatch(/\.$/);
      expect(targets.length, title).toBeGreaterThan(0);
      expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
      if (type !== "table") expect(fieldConfig?.defaults.unit ?? options?.yAxis?.unit, title).toBeTruthy();
    }
  });

  it("has ids of its own, and panels that neither overlap nor leave the grid", () => {
    const all = dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const taken = new Set<string>();
    for (const { title, gridPos } of all) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x},${y}`), `${title} overlaps at ${x},${y}`).toBe(false);
          taken.add(`${x},${y}`);
        }
    }
  });

  it("shows the stages in the page's colours", () => {
    for (const { title, fieldConfig, targets = [] } of panels) {
      const colours = new Map(
        (fieldConfig?.overrides ?? []).map(({ matcher, properties }) => [
          matcher.options,
          properties.find(({ id }) => id === "color")?.value?.fixedColor,
        ]),
      );
      const byStage = targets.some(({ legendFormat }) => legendFormat === "{{stage}}");
      for (const [stage, hue] of STAGE_HUES) {
        if (byStage) expect(colours.get(stage), title).toBeDefined();
        if (colours.has(stage)) expect(colours.get(stage), title).toBe(oklchHex(0.68, 0.13, hue));
      }
    }
  });
});
