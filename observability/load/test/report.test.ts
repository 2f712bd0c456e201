import { describe, expect, it } from "vitest";
import { summarise, table, type Visit } from "../src/mod.js";

const complete = (ms: number, faces = 1): Visit => ({
  outcome: "complete",
  faces,
  firstBoxMs: ms / 4,
  firstAttributeMs: ms / 2,
  allResultsMs: ms,
});

describe("a report", () => {
  it("has the percentiles of what was seen, within three significant digits", () => {
    const visits = Array.from({ length: 1000 }, (_, i) => complete(i + 1));
    const { allResults, firstBox } = summarise(visits, 10, 100_000);
    expect(allResults.count).toBe(1000);
    for (const [seen, exact] of [
      [allResults.p50, 500],
      [allResults.p90, 900],
      [allResults.p99, 990],
      [allResults.max, 1000],
      [firstBox.p50, 125],
    ] as const) {
      expect(Math.abs(seen - exact) / exact).toBeLessThan(0.003);
    }
  });

  it("counts as done only what was answered in full", () => {
    const visits: Visit[] = [
      complete(10, 3),
      complete(20, 1),
      { outcome: "expired", faces: 5, firstBoxMs: 9 },
      { outcome: "failed", faces: 0, reason: "unreadable_image" },
      { outcome: "refused", faces: 0, reason: "overloaded" },
      { outcome: "refused", faces: 0, reason: "overloaded" },
    ];
    const report = summarise(visits, 3, 2000);
    expect(report).toMatchObject({
      offeredPerSecond: 3,
      completedPerSecond: 1,
      facesPerSecond: 2,
      outcomes: { complete: 2, failed: 1, expired: 1, refused: 2, error: 0 },
      reasons: { unreadable_image: 1, overloaded: 2 },
    });
    expect(report.allResults.count).toBe(2);
    expect(report.firstBox.count).toBe(3);
  });

  it("prints a row per run, and a dash where nothing was seen", () => {
    const lines = table([
      summarise([complete(80), { outcome: "refused", faces: 0 }], 1.5, 1000),
      summarise([], 2, 1000),
    ]).split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]).toContain("all results");
    expect(lines[1]).toMatch(/1\.50 .*20 \/ 20 \/ 20 .*80 \/ 80 \/ 80 .*1 refused$/);
    expect(lines[2]).toMatch(/2\.00 .* - .*none$/);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  });
});
