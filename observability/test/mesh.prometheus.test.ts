import { afterAll, beforeAll, expect, it } from "vitest";
import { testLog } from "./observed/log.js";
import { testPrometheus } from "./observed/prometheus.js";
import { testScraped } from "./observed/scraped.js";
import { testSecrets } from "./observed/secrets.js";
import { testTraces } from "./observed/traces.js";
import { observeMesh, type ObservedMesh } from "./observedMesh.js";
import { TOOLS } from "./prometheusTools.js";

/** One mesh for all. */
let observed: ObservedMesh;
beforeAll(async () => {
  observed = await observeMesh(TOOLS?.prometheus);
}, 180_000);
afterAll(() => observed?.stop());

it("has answered the load it was given", () => {
  const { complete, ...others } = observed.load.outcomes;
  expect(others).toEqual({ failed: 0, expired: 0, refused: 0, error: 0 });
  expect(complete).toBeGreaterThan(3);
  expect(observed.traced.job.faces.length).toBeGreaterThan(1);
});

testScraped(() => observed);
testPrometheus(() => observed);
testTraces(() => observed);
testLog(() => observed);
testSecrets(() => observed);
