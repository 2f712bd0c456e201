import { createMetrics } from "@similarfaces/runtime";
import { describe, expect, it } from "vitest";
import { CATALOGUE, seriesOf } from "./catalogue.js";
import { QUERIES } from "./dashboards.js";
import { groupsOf, readsOf } from "./promql.js";
import { RULES } from "./rules.js";

/** Set on every series by the scrape: prometheus.yml here, the ServiceMonitor on Kubernetes. */
const SCRAPE_LABELS = ["service", "job", "instance", "pod"];
/** kube-state-metrics and cAdvisor. */
const EXPORTERS = /^(kube|container)_/;
const RECORDED = new Map(RULES.flatMap(({ record, expr }) => (record ? [[record, groupsOf(expr)]] : [])));

describe("the catalogue", () => {
  it("holds exactly what the services declare", async () => {
    const emitters = ["stage", "inference", "match", "gateway"] as const;
    const { registry } = createMetrics({ service: "test", version: "0", emitters });
    const declared = (await registry.getMetricsAsJSON()).map(({ name, type }) => [name, type]);
    const catalogued = Object.entries(CATALOGUE).map(([name, { type }]) => [
      name,
      type === "info" ? "gauge" : type,
    ]);
    expect(declared.sort()).toEqual(catalogued.sort());
  });

  it.each(["stage", "inference", "match", "gateway"] as const)("knows what %s emits", async (emitter) => {
    const { registry } = createMetrics({ service: "test", version: "0", emitters: [emitter] });
    const declared = (await registry.getMetricsAsJSON()).map(({ name }) => name);
    const catalogued = Object.entries(CATALOGUE)
      .filter(([, entry]) => entry.emitter === emitter || entry.emitter === "process")
      .map(([name]) => name);
    expect(declared.sort()).toEqual(catalogued.sort());
  });

  it.each(Object.entries(CATALOGUE))("%s is named by its kind and unit, and explained", (name, entry) => {
    if (entry.type === "counter") expect(name).toMatch(/_total$/);
    else expect(name).not.toMatch(/_total$/);
    if (entry.unit === "seconds") expect(name).toMatch(/_seconds(_total)?$/);
    if (entry.unit === "bytes") expect(name).toMatch(/_bytes(_total)?$/);
    expect(name).not.toMatch(/_(ms|milliseconds|kb|mb|percent)(_|$)/);
    expect(entry.meaning.trim()).toMatch(/^[A-Z].*\.$/s);
    expect(entry.labels.filter((label) => /job|identity|face|path|name/.test(label))).toEqual([]);
  });
});

describe.each([...QUERIES.map(query), ...RULES.map(rule)])("$name", ({ expr }) => {
  const reads = readsOf(expr);

  it("reads only what somebody emits, by labels that it has", () => {
    expect(reads.length).toBeGreaterThan(0);
    for (const { series, labels } of reads) {
      if (EXPORTERS.test(series)) continue;
      const known = [...labelsOf(series), ...SCRAPE_LABELS];
      for (const label of labels) expect(known, `${label} of ${series}`).toContain(label);
    }
  });

  it("groups by labels that it has", () => {
    if (reads.some(({ series }) => EXPORTERS.test(series))) return;
    const known = new Set(reads.flatMap(({ series }) => [...labelsOf(series), ...SCRAPE_LABELS]));
    for (const label of groupsOf(expr)) expect(known).toContain(label);
  });
});

/** @throws Error for a series that nobody emits */
function labelsOf(series: string): string[] {
  const recorded = RECORDED.get(series);
  if (recorded) return recorded;
  for (const [name, entry] of Object.entries(CATALOGUE))
    if (seriesOf(name, entry).includes(series))
      return series.endsWith("_bucket") && entry.type === "histogram"
        ? [...entry.labels, "le"]
        : entry.labels;
  throw new Error(`nobody emits ${series}`);
}

function query({ dashboard, panel, expr }: (typeof QUERIES)[number]) {
  return { name: `${dashboard}: ${panel}: ${expr}`, expr };
}

function rule({ record, alert, expr }: (typeof RULES)[number]) {
  return { name: record ?? alert ?? "", expr };
}
