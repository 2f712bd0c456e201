import { expect, it } from "vitest";
import { createMetrics } from "../src/mod.js";

const OPEN = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
const trace = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7", sampled: true };

function observed() {
  const metrics = createMetrics({ service: "test", version: "0", emitters: ["gateway", "stage"] });
  metrics.jobFirstBox.observe({}, 0.04, trace);
  metrics.stageWait.observe({ stage: "age" }, 0.004, { ...trace, sampled: false });
  metrics.jobs.inc({ outcome: "complete" });
  return metrics;
}

it("leaves an exemplar with the id of a recorded trace, and only of such", async () => {
  const { contentType, body } = await observed().scrape(OPEN);
  expect(contentType).toContain("application/openmetrics-text; version=1.0.0");
  expect(body).toMatch(
    /^similarfaces_job_first_box_seconds_bucket\{le="0.05"\} 1 # \{trace_id="4bf92f3577b34da6a3ce929d0e0e4736"\} 0.04 \d+/m,
  );
  expect(body.match(/ # \{/g)).toHaveLength(1);
  expect(body).toMatch(/\n# EOF\n$/);
});

it("counts in both formats whatever was asked for before", async () => {
  const metrics = observed();
  for (const accept of [undefined, OPEN, "*/*", OPEN, "text/plain"]) {
    const { body } = await metrics.scrape(accept);
    expect(body).toMatch(/^similarfaces_jobs_total\{outcome="complete"\} 1$/m);
    expect(body).toMatch(
      accept === OPEN ? /^# TYPE similarfaces_jobs counter$/m : /^# TYPE similarfaces_jobs_total counter$/m,
    );
    if (accept !== OPEN) expect(body).not.toContain("trace_id");
  }
});
