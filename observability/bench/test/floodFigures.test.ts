import { expect, it } from "vitest";
import type { FloodPhoto } from "@similarfaces/load";
import { describeFlood, floodFigures } from "../src/floods/figures.js";

const photo = (outcome: FloodPhoto["outcome"], dueMs: number, tookMs: number): FloodPhoto => ({
  outcome,
  dueMs,
  tookMs,
});

it("what counts of a flood is what ended within it, once the mesh was full", () => {
  const photos = [
    // Ends before the mesh is full, within the flood, and after it.
    photo("complete", 0, 900),
    ...Array.from({ length: 18 }, (_, i) => photo("complete", 1_000 + i * 100, 4_000)),
    photo("complete", 9_900, 6_000),
    photo("expired", 5_000, 60_000),
    ...Array.from({ length: 80 }, () => photo("refused", 5_000, 3)),
    photo("unanswered", 5_000, 1),
  ];
  const terms = {
    factor: 10,
    perSecond: 20,
    floodMs: 10_000,
    closedPerSecond: 2.5,
    idle: { before: 70, after: 80 },
  };
  const figures = floodFigures(photos, terms);
  expect(figures).toMatchObject({
    sent: 102,
    accepted: 21,
    complete: 20,
    expired: 1,
    lost: 0,
    refused: 80,
    unanswered: 1,
    completedPerSecond: 2,
    acceptedMs: { p50: 4_000, max: 6_000 },
    refusedMs: { p50: 3, p99: 3 },
  });
  expect(figures.capacityShare).toBeCloseTo(0.8);
  expect(figures.completeShare).toBeCloseTo(20 / 21);
  expect(describeFlood(figures)).toContain("2.50: 0.80 of it");
});
