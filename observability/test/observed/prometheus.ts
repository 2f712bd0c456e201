import { describe, expect, it } from "vitest";
import { QUERIES } from "../dashboards.js";
import { WAIT, type ObservedMesh } from "../observedMesh.js";
import { TOOLS } from "../prometheusTools.js";
import { RULES } from "../rules.js";

/** Every panel's query and every recording rule has data. */
export function testPrometheus(observed: () => ObservedMesh): void {
  describe.skipIf(!TOOLS)("a Prometheus that scrapes it (from Debian's prometheus)", () => {
    it("takes what it scrapes, and evaluates every rule", async () => {
      const { prometheus } = observed();
      // A scrape that took too long on a busy machine is no fault of what was scraped.
      await expect
        .poll(async () => {
          const { activeTargets } = await prometheus!.api<{ activeTargets: { lastError: string }[] }>(
            "targets",
          );
          return activeTargets.map(({ lastError }) => lastError);
        }, WAIT)
        .toEqual(["", ""]);
      const { groups } = await prometheus!.api<{
        groups: { rules: { name: string; health: string; lastError?: string }[] }[];
      }>("rules");
      const rules = groups.flatMap((group) => group.rules);
      expect(rules).toHaveLength(RULES.length);
      expect(rules.filter(({ health }) => health !== "ok")).toEqual([]);
    });

    it.each(QUERIES)("$dashboard: $panel: $expr", async ({ expr }) => {
      await expect
        .poll(
          async () =>
            (await observed().prometheus!.query(expr)).filter(({ value }) => Number.isFinite(value)),
          WAIT,
        )
        .not.toEqual([]);
    });

    it.each(RULES.flatMap(({ record }) => record ?? []))("has recorded %s", async (record) => {
      await expect.poll(() => observed().prometheus!.query(record), WAIT).not.toEqual([]);
    });

    it("keeps the exemplars", async () => {
      const query = "similarfaces_job_all_results_seconds_bucket";
      const from = Math.floor(Date.now() / 1_000) - 600;
      const found = await observed().prometheus!.api<{ exemplars: { labels: { trace_id: string } }[] }[]>(
        `query_exemplars?query=${query}&start=${from}&end=${from + 700}`,
      );
      const traceIds = new Set(observed().collector.spans.map(({ traceId }) => traceId));
      const exemplars = found.flatMap((series) => series.exemplars);
      expect(exemplars.length).toBeGreaterThan(0);
      for (const { labels } of exemplars) expect(traceIds.has(labels.trace_id)).toBe(true);
    });
  });
}
