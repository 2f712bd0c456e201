import { expect, it } from "vitest";
import { createMetrics } from "@similarfaces/runtime";
import { inferenceObserver } from "../src/inferenceMetrics.js";

it("a scrape asks the open models for their load", async () => {
  const metrics = createMetrics({ service: "test", version: "0", emitters: ["inference"] });
  const observer = inferenceObserver(metrics);
  expect(await metrics.registry.metrics()).not.toMatch(/inference_workers\{/);
  observer.onOpen(() => ({ workers: 4, busy: 3, waiting: 7 }));
  const scraped = await metrics.registry.metrics();
  expect(scraped).toContain('similarfaces_inference_workers{state="busy"} 3');
  expect(scraped).toContain('similarfaces_inference_workers{state="idle"} 1');
  expect(scraped).toContain("similarfaces_inference_waiting 7");
});
