import { describe, expect, it } from "vitest";
import { CATALOGUE, seriesOf } from "../catalogue.js";
import { OPEN_METRICS, WAIT, scrape, type ObservedMesh } from "../observedMesh.js";

/** The scrape and the catalogue agree, both ways. */
export function testScraped(observed: () => ObservedMesh): void {
  describe("what is scraped", () => {
    it("is what the catalogue holds, all of it and nothing else", async () => {
      const text = await scrape(observed(), "text/plain");
      const declared = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]);
      const catalogued = Object.entries(CATALOGUE).map(([name, { type }]) => [
        name,
        type === "info" ? "gauge" : type,
      ]);
      expect(declared.sort()).toEqual(catalogued.sort());
    });

    it("has series of every metric, by the labels of the catalogue", async () => {
      const labels = new Map<string, Set<string>>();
      for (const [, series = "", list = ""] of (await scrape(observed(), "text/plain")).matchAll(
        /^([a-z_]\w*)(?:\{(.*)\})? \S+$/gm,
      )) {
        const seen = labels.get(series) ?? new Set();
        labels.set(series, seen);
        for (const [, label = ""] of list.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) seen.add(label);
      }
      for (const [name, entry] of Object.entries(CATALOGUE))
        for (const series of seriesOf(name, entry)) {
          const expected = series.endsWith("_bucket") ? [...entry.labels, "le"] : entry.labels;
          expect([...(labels.get(series) ?? ["no series"])].sort(), series).toEqual(expected.sort());
        }
    });

    it("holds no id of a job", async () => {
      const text = await scrape(observed(), "text/plain");
      expect(text).not.toContain(observed().traced.job.jobId);
      expect(text).not.toMatch(/[0-9a-z]{30,}/);
    });

    it("has exemplars of the latencies, where OpenMetrics is asked for", async () => {
      const text = await scrape(observed(), OPEN_METRICS);
      for (const metric of [
        "job_first_box",
        "job_first_attribute",
        "job_all_results",
        "stage_wait",
        "stage_compute",
        "stage_total",
        "inference_duration",
        "http_duration",
      ]) {
        const bucket = `^similarfaces_${metric}_seconds_bucket\\{.* # \\{trace_id="(\\w{32})"\\} `;
        const [, traceId] = new RegExp(bucket, "m").exec(text) ?? [];
        expect(traceId, metric).toBeDefined();
        await expect
          .poll(() => observed().collector.spans.some((span) => span.traceId === traceId), WAIT)
          .toBe(true);
      }
    });
  });
}
