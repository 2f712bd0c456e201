import { expect, it } from "vitest";
import { createMetrics } from "@similarfaces/runtime";
import { inferenceObserver } from "../src/service/inferenceMetrics.js";

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

it("what ran is told apart by model and precision", async () => {
  const metrics = createMetrics({ service: "test", version: "0", emitters: ["inference"] });
  const { onLoad, onRun } = inferenceObserver(metrics);
  const models = [
    { name: "compact-embed@2.0.0+int8", precision: "int8" },
    { name: "yunet-n@2023.3.0", precision: "float32" },
  ] as const;
  for (const model of models) {
    onLoad(model, 0.25);
    onRun(model, { batchSize: 2, startedAtMs: 0, durationMs: 4, steps: [], traceparents: [] });
  }
  const scraped = await metrics.registry.metrics();
  for (const { name, precision } of models) {
    const labels = `{model="${name}",precision="${precision}"}`;
    expect(scraped).toContain(`similarfaces_model_load_seconds${labels} 0.25`);
    expect(scraped).toContain(`similarfaces_inference_batch_size_sum${labels} 2`);
    expect(scraped).toContain(`similarfaces_inference_duration_seconds_count${labels} 1`);
  }
});
