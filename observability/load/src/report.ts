import { build, type Histogram } from "hdr-histogram-js";
import type { Visit } from "./viewer.js";

export interface Percentiles {
  count: number;
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

export interface LoadReport {
  /** Photos per second that the schedule asked for, and that were answered in full. */
  offeredPerSecond: number;
  completedPerSecond: number;
  facesPerSecond: number;
  outcomes: Record<Visit["outcome"], number>;
  /** Codes of what was not complete. */
  reasons: Record<string, number>;
  /** Milliseconds. */
  firstBox: Percentiles;
  firstAttribute: Percentiles;
  allResults: Percentiles;
}

/** Sums a run up. Latencies are kept in a high dynamic range histogram, in microseconds, 3 significant digits. */
export function summarise(visits: readonly Visit[], offeredPerSecond: number, elapsedMs: number): LoadReport {
  const outcomes = { complete: 0, failed: 0, expired: 0, refused: 0, error: 0 };
  const reasons: Record<string, number> = {};
  for (const { outcome, reason } of visits) {
    outcomes[outcome]++;
    if (reason !== undefined) reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  const faces = visits.reduce((sum, { outcome, faces }) => sum + (outcome === "complete" ? faces : 0), 0);
  return {
    offeredPerSecond,
    completedPerSecond: (outcomes.complete / elapsedMs) * 1000,
    facesPerSecond: (faces / elapsedMs) * 1000,
    outcomes,
    reasons,
    firstBox: percentiles(visits.map((visit) => visit.firstBoxMs)),
    firstAttribute: percentiles(visits.map((visit) => visit.firstAttributeMs)),
    allResults: percentiles(visits.map((visit) => visit.allResultsMs)),
  };
}

/** One row per run: what was offered, what was answered, and how soon. */
export function table(reports: readonly LoadReport[]): string {
  const rows = reports.map((report) => [
    report.offeredPerSecond.toFixed(2),
    report.completedPerSecond.toFixed(2),
    report.facesPerSecond.toFixed(1),
    triple(report.firstBox),
    triple(report.firstAttribute),
    triple(report.allResults),
    Object.entries(report.outcomes)
      .filter(([outcome, count]) => outcome !== "complete" && count > 0)
      .map(([outcome, count]) => `${count} ${outcome}`)
      .join(", ") || "none",
  ]);
  const head = [
    "offered/s",
    "done/s",
    "faces/s",
    "first box p50/p90/p99 ms",
    "first attribute",
    "all results",
    "not complete",
  ];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: string[]): string => cells.map((cell, i) => cell.padStart(widths[i]!)).join("  ");
  return [line(head), ...rows.map(line)].join("\n");
}

function triple({ count, p50, p90, p99 }: Percentiles): string {
  return count === 0 ? "-" : [p50, p90, p99].map((value) => value.toFixed(0)).join(" / ");
}

function percentiles(valuesMs: readonly (number | undefined)[]): Percentiles {
  const histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 600_000_000,
    numberOfSignificantValueDigits: 3,
  });
  for (const value of valuesMs)
    if (value !== undefined) histogram.recordValue(Math.max(1, Math.round(value * 1000)));
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1000;
  return {
    count: histogram.totalCount,
    p50: at(50),
    p90: at(90),
    p99: at(99),
    max: histogram.maxValue / 1000,
  };
}
